import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_REORDER_MS, DEFAULT_POLICIES as policies } from './policies.ts';
import { DEFAULT_SETTINGS as settings } from './settings.ts';

const document = { id: 'x', nonce: 'n', fingerprint: 'f', createdAt: 0 };

describe('policies', () => {
  it('count a batch as committed only when its segment and all of its documents are stored', () => {
    expect(policies.isCommitted({ segment: true, present: 3, wanted: 3 })).toBe(true);
    expect(policies.isCommitted({ segment: false, present: 3, wanted: 3 })).toBe(false);
    expect(policies.isCommitted({ segment: true, present: 2, wanted: 3 })).toBe(false);
  });

  it('isolate a batch after several unknown outcomes, its parts after one, and a single document after several', () => {
    const { isolateAfter, setAsideAfter } = settings;
    const isolates = (attempts: number, documents: number, unstored: number, isolated = false) =>
      policies.isolates({ attempts, documents, unstored, isolated }, settings);
    expect(isolates(isolateAfter - 1, 2, 2)).toBe(false);
    expect(isolates(isolateAfter, 2, 1)).toBe(true);
    expect(isolates(2 * isolateAfter, 2, 1)).toBe(true);
    expect(isolates(1, 2, 2, true)).toBe(true);
    expect(isolates(1, 1, 1, true)).toBe(false);
    expect(isolates(setAsideAfter, 1, 1)).toBe(true);
  });

  it('never isolate a batch that lacks only its segment', () => {
    const { isolateAfter, setAsideAfter } = settings;
    for (const [attempts, documents] of [
      [isolateAfter, 2],
      [setAsideAfter, 1],
    ] as const)
      expect(policies.isolates({ attempts, documents, unstored: 0, isolated: false }, settings)).toBe(false);
  });

  it('compare a stored document by nonce first, then by fingerprint', () => {
    expect(policies.storeOutcome(document, { ...document, fingerprint: 'g' })).toBe('created');
    expect(policies.storeOutcome(document, { ...document, nonce: 'm' })).toBe('existing');
    expect(policies.storeOutcome(document, { ...document, nonce: 'm', fingerprint: 'g' })).toBe('different');
  });

  it('measure the age of a heartbeat by the clock that shows more', () => {
    const { expiryMs } = settings;
    expect(policies.isExpired({ monotonicMs: expiryMs, wallMs: -1e9 }, settings)).toBe(false);
    expect(policies.isExpired({ monotonicMs: expiryMs + 1, wallMs: 0 }, settings)).toBe(true);
    expect(policies.isExpired({ monotonicMs: 0, wallMs: expiryMs + 1 }, settings)).toBe(true);
  });

  it('rescan after each of the given times, and then never again', () => {
    const [first = 0, , last = 0] = settings.rescanAfterMs;
    expect(policies.mayRescan({ rescans: 0, sinceFirstScanMs: first - 1 }, settings)).toBe(false);
    expect(policies.mayRescan({ rescans: 0, sinceFirstScanMs: first }, settings)).toBe(true);
    expect(policies.mayRescan({ rescans: 1, sinceFirstScanMs: first }, settings)).toBe(false);
    expect(policies.mayRescan({ rescans: 3, sinceFirstScanMs: 10 * last }, settings)).toBe(false);
  });

  it('retire a writer only when all three conditions hold', () => {
    const good = { unchangedMs: settings.retireMs + 1, lastScanEmpty: true, lastScanAgeMs: 0 };
    expect(policies.mayRetire(good, settings)).toBe(true);
    expect(policies.mayRetire({ ...good, unchangedMs: settings.retireMs }, settings)).toBe(false);
    expect(policies.mayRetire({ ...good, lastScanEmpty: false }, settings)).toBe(false);
    expect(policies.mayRetire({ ...good, lastScanAgeMs: settings.retireScanMs }, settings)).toBe(false);
  });

  it('delete a segment only when no document of it is open or may still be stored', () => {
    expect(policies.mayDeleteSegment({ open: 0, absent: 0 })).toBe(true);
    expect(policies.mayDeleteSegment({ open: 1, absent: 0 })).toBe(false);
    expect(policies.mayDeleteSegment({ open: 0, absent: 1 })).toBe(false);
    expect(policies.mayDeleteRewritten('planned')).toBe(false);
  });

  it('index a document that is old, or whose clock is far off', () => {
    const { orphanAgeMs } = settings;
    expect(policies.indexesOrphan({ open: true, ageMs: orphanAgeMs }, settings)).toBe(false);
    expect(policies.indexesOrphan({ open: true, ageMs: orphanAgeMs + 1 }, settings)).toBe(true);
    expect(policies.indexesOrphan({ open: true, ageMs: -orphanAgeMs - 1 }, settings)).toBe(true);
    expect(policies.indexesOrphan({ open: false, ageMs: 2 * orphanAgeMs }, settings)).toBe(false);
  });

  it('count an attempt only when a command that was sent at the same time or later is acknowledged', () => {
    expect(policies.countsAttempt({ sentAt: 5, evidence: 4 })).toBe(false);
    expect(policies.countsAttempt({ sentAt: 5, evidence: 5 })).toBe(true);
  });

  it('put a command into a message of its own once it was not answered, also before it was parked', () => {
    expect(policies.sendsAlone({ cause: 'first', failedAttempts: 0 })).toBe(false);
    expect(policies.sendsAlone({ cause: 'lost', failedAttempts: 0 })).toBe(true);
    expect(policies.sendsAlone({ cause: 'probe', failedAttempts: 0 })).toBe(true);
    expect(policies.sendsAlone({ cause: 'first', failedAttempts: 8 })).toBe(true);
  });

  it('keep the reorder window within its bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('spurious', 'clean'), { maxLength: 200 }), (causes) => {
        let { reorderMs } = settings;
        for (const cause of causes) {
          reorderMs = policies.nextReorderMs(reorderMs, cause, settings);
          expect(reorderMs).toBeGreaterThanOrEqual(settings.reorderMs);
          expect(reorderMs).toBeLessThanOrEqual(MAX_REORDER_MS);
        }
      }),
    );
  });
});
