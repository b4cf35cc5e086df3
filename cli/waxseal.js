#!/usr/bin/env node
// Starts the command with the Node that the project pins, whatever Node finds this file first: plain JavaScript, which
// every version reads. Compiled code is kept, which halves the start and spares each thread the TypeScript compiler. The
// services get a small young generation, and a malloc (glibc's) that gives memory back: that halves their resident memory.

import { spawn } from 'node:child_process';
import module from 'node:module';
import path from 'node:path';

const [major, minor] = process.versions.node.split('.').map(Number);
const program = path.join(import.meta.dirname, 'waxseal.ts');
const argv = process.argv.slice(2);
const cache = path.join(import.meta.dirname, '../.cache/compiled');
// The operator's heap also grows in smaller steps: it makes much garbage, rarely, and has time to clear it away.
const FLAGS = { extproc: ['--max-semi-space-size=8'], operator: ['--max-semi-space-size=8', '--optimize-for-size'] };
const flags = FLAGS[argv[0]] ?? [];

if (major < 22 || (major === 22 && minor < 19)) {
  replaceBy(pinnedNode());
} else if (flags.length > 0) {
  replaceBy(process.execPath);
} else {
  module.enableCompileCache(cache);
  await import('./waxseal.ts');
}

function replaceBy(node) {
  const command = [...flags, program, ...argv];
  const malloc = flags.length > 0 ? { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '262144' } : {};
  const env = { NODE_COMPILE_CACHE: cache, ...malloc, ...process.env };
  if (process.execve !== undefined) process.execve(node, [node, ...command], env);
  const child = spawn(node, command, { stdio: 'inherit', env });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}

function pinnedNode() {
  try {
    return path.join(path.dirname(module.createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
  } catch {
    console.error(
      `waxseal needs Node 22.19 or newer and this is ${process.versions.node}; "npm install" brings one along`,
    );
    process.exit(2);
  }
}
