import { mkdirSync, writeFileSync } from 'node:fs';
import { createCommand, runCommand } from '@standing-order/tools/cli';
import { createCurrentDocuments, publishedFile } from './current-documents.ts';

function publish(): void {
  for (const [service, documents] of Object.entries(createCurrentDocuments())) {
    mkdirSync(new URL('.', publishedFile(service)), { recursive: true });
    writeFileSync(publishedFile(service), `${JSON.stringify(documents, null, 1)}\n`);
    console.log(`published the contracts of ${service}`);
  }
}

await runCommand(
  createCommand(
    'publish:contracts',
    'Publishes the current documents as the last version, which later versions must not break. Run it for each release.',
  ).action(publish),
);
