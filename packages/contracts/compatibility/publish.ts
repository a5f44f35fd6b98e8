import { mkdirSync, writeFileSync } from 'node:fs';
import { createCurrentDocuments, publishedFile } from './current-documents.ts';

// Publishes the current documents as the last version, which later versions must not break. Run it for each release.
for (const [service, documents] of Object.entries(createCurrentDocuments())) {
  mkdirSync(new URL('.', publishedFile(service)), { recursive: true });
  writeFileSync(publishedFile(service), `${JSON.stringify(documents, null, 1)}\n`);
  process.stdout.write(`published the contracts of ${service}\n`);
}
