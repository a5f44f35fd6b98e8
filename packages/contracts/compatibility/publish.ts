import { mkdirSync, writeFileSync } from 'node:fs';
import { documentsOfToday, published } from './documents-of-today.ts';

// Makes what the services offer today the last version, which later ones must not break. To be run for each release.
for (const [service, documents] of Object.entries(documentsOfToday())) {
  mkdirSync(new URL('.', published(service)), { recursive: true });
  writeFileSync(published(service), `${JSON.stringify(documents, null, 1)}\n`);
  process.stdout.write(`published what ${service} offers\n`);
}
