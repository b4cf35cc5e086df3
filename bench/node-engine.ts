/** A child process that measures one engine written in JavaScript. Spoken to over IPC by `engines/node.ts`. */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { bare } from './engines/bare.ts';
import { waxseal } from './engines/waxseal.ts';
import { xmlCrypto } from './engines/xml-crypto.ts';
import type { BenchKeys } from './keys.ts';
import { measure, residentMb, statusMb } from './measure.ts';
import type { Operation, Run } from './operation.ts';

export type Request =
  | { readonly kind: 'start'; readonly engine: 'waxseal' | 'xml-crypto' | 'bare'; readonly keys: BenchKeys }
  | { readonly kind: 'run'; readonly run: Run }
  | { readonly kind: 'once'; readonly operation: Operation; readonly message: Buffer }
  /** Peak memory of one operation on a message in a file. */
  | { readonly kind: 'peak'; readonly operation: Operation; readonly small: Buffer; readonly file: string };

let work: (operation: Operation, message: Buffer) => unknown;

process.on('message', (request: Request) => {
  answer(request).then(
    (value) => process.send?.({ value }),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});

async function answer(request: Request): Promise<unknown> {
  switch (request.kind) {
    case 'start':
      work = { waxseal, bare, 'xml-crypto': xmlCrypto }[request.engine](request.keys);
      return undefined;
    case 'once':
      return work(request.operation, Buffer.from(request.message));
    case 'run': {
      const { operation, milliseconds, atLeast } = request.run;
      const message = Buffer.from(request.run.message);
      return measure(() => work(operation, message), milliseconds, atLeast);
    }
    case 'peak': {
      for (let i = 0; i < 200; i++) await work(request.operation, Buffer.from(request.small));
      await sleep(500);
      const idle = residentMb(process.pid);
      await work(request.operation, readFileSync(request.file));
      return statusMb(process.pid, 'VmHWM') - idle;
    }
  }
}
// Ends by itself, so that `--cpu-prof` has time to write.
process.on('disconnect', () => process.exit());
