/** `npm run bench`: what the engine costs, beside others, on the same messages in the same run. See README.md. */

import { Command, Option } from 'commander';
import { createPki } from '../test/support/pki.ts';
import { jsonLine, measureCell, type Effort, type Measurement } from './cell.ts';
import { Libxmlsec } from './engines/libxmlsec.ts';
import { NodeEngine } from './engines/node.ts';
import { startWss4j } from './engines/wss4j.ts';
import { exportKeys } from './keys.ts';
import { measureMemory } from './memory.ts';
import { makeMessage, readMessages, sizeNames, type Message } from './messages.ts';
import { operations, startsFrom, type Engine, type Operation } from './operation.ts';
import { table, verdictTable } from './report.ts';
import { judge } from './targets.ts';
import { measureTokenCache } from './token-cache.ts';
import { measureThroughEnvoy } from './through-envoy.ts';

const peers = ['xml-crypto', 'wss4j', 'wss4j-conscrypt', 'libxmlsec'] as const;
type Peer = (typeof peers)[number];

interface Options {
  readonly ops: readonly Operation[];
  readonly sizes: readonly string[];
  readonly vs: readonly Peer[];
  readonly input?: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly throughEnvoy: boolean;
  readonly policies: readonly string[];
  readonly tokenCache: boolean;
  readonly connections: number;
  readonly memory: boolean;
  readonly json: boolean;
}

const list = (text: string): string[] => text.split(',').filter(Boolean);
const collect = (value: string, previous: string[]): string[] => [...previous, ...list(value)];

const program = new Command('bench')
  .option('--ops <list>', `of ${operations.join(',')}; username-token is both of ts+ut`, parseOperations, [
    ...operations,
  ])
  .option('--sizes <list>', `of ${sizeNames.join(',')}`, list, sizeNames)
  .addOption(new Option('--vs <list>', `beside ours: ${peers.join(', ')}`).argParser(collect).default([], 'none'))
  .option('--input <directory>', 'measure the .xml messages of this directory instead')
  .option('--seconds <number>', 'of CPU of one round; warming up takes three times as much', Number, 0.4)
  .option('--rounds <number>', 'of which the best counts', Number, 3)
  .option('--through-envoy', 'measure whole requests through a real Envoy instead', false)
  .option('--policies <list>', 'of those through Envoy, only these', list, [])
  .option('--token-cache', 'measure what a token costs that is in memory or in Redis instead', false)
  .option('--connections <number>', 'that send requests through Envoy at a time', Number, 16)
  .option('--memory', 'measure the peak memory of one 10 MB message as well', false)
  .option('--json', 'one JSON line a measurement, no tables', false);

await main(program.parse().opts<Options>());

async function main(options: Options): Promise<void> {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  if (options.throughEnvoy) return measureThroughEnvoy(options, print);
  if (options.tokenCache) return measureTokenCache(options.json, print);
  const measurements = await measureEngines(options, (measurement) => {
    if (options.json) print(jsonLine(measurement));
  });
  if (options.json) return;
  print(`\nCPU milliseconds per message, whole process, best of ${options.rounds}; in brackets times ours\n`);
  print(table(measurements));
  print(`\n${verdictTable(judge(measurements))}`);
}

async function measureEngines(options: Options, done: (measurement: Measurement) => void): Promise<Measurement[]> {
  const pki = createPki();
  const keys = exportKeys(pki);
  const ours = await NodeEngine.start('waxseal', keys);
  const engines: Engine[] = [ours, await NodeEngine.start('bare', keys)];
  const all: Measurement[] = [];
  try {
    if (options.vs.includes('wss4j')) engines.push(...(await startWss4j(pki, 'java')));
    if (options.vs.includes('wss4j-conscrypt')) engines.push(...(await startWss4j(pki, 'conscrypt')));
    if (options.vs.includes('libxmlsec')) engines.push(await Libxmlsec.start(keys));
    if (options.vs.includes('xml-crypto')) engines.push(await NodeEngine.start('xml-crypto', keys));
    const effort: Effort = { warmUp: 3000 * options.seconds, round: 1000 * options.seconds, rounds: options.rounds };
    for (const operation of options.ops) {
      await warmUp(operation, engines, 10 * effort.round, ours);
      for (const message of messagesOf(options)) {
        process.stderr.write(`${operation} ${message.size}\n`);
        const input = await prepare(ours, operation, message);
        const able = engines.filter((engine) => engine.supports(operation));
        for (const measurement of await measureCell(operation, message, input, able, effort)) {
          all.push(measurement);
          done(measurement);
        }
      }
    }
    if (options.memory) await measureMemory(keys, (line) => process.stdout.write(`${line}\n`), options.json);
    return all;
  } finally {
    for (const engine of engines) engine.close();
  }
}

/** Gives the engines that need it time with an operation before its first cell. */
async function warmUp(
  operation: Operation,
  engines: readonly Engine[],
  milliseconds: number,
  ours: NodeEngine,
): Promise<void> {
  const slow = engines.filter((engine) => engine.warmsSlowly);
  if (slow.length === 0) return;
  process.stderr.write(`${operation}: warming up\n`);
  const message = await prepare(ours, operation, makeMessage('10k'));
  for (const engine of slow) await engine.run({ operation, message, milliseconds, atLeast: 1 });
}

function messagesOf({ input, sizes }: Options): Message[] {
  return input === undefined ? sizes.map(makeMessage) : readMessages(input);
}

/** Made just before it is used: a Timestamp does not live long. */
async function prepare(ours: NodeEngine, operation: Operation, { bytes }: Message): Promise<Buffer> {
  const before = startsFrom[operation];
  return before === undefined ? bytes : ours.once(before, bytes);
}

function parseOperations(text: string): Operation[] {
  return list(text).flatMap((name): Operation[] => {
    if (name === 'username-token') return ['ts+ut-create', 'ts+ut-verify'];
    const known = operations.find((operation) => operation === name);
    if (known === undefined) throw new Error(`unknown operation ${name}; use ${operations.join(', ')}, username-token`);
    return [known];
  });
}
