/** The `waxseal` command: one file per subcommand, of which only the one that is called is loaded. */

import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { UsageError } from './usage-error.ts';

/** A mistake in how the command was called, or in the configuration it was given. */
const USAGE_ERROR = 2;

const commands = new Map<string, () => Promise<Command>>([
  ['operator', async () => (await import('./operator.ts')).operatorCommand()],
  ['extproc', async () => (await import('./extproc.ts')).extprocCommand()],
  ['process', async () => (await import('./process.ts')).processCommand()],
  ['explain', async () => (await import('./explain.ts')).explainCommand()],
  ['validate', async () => (await import('./validate.ts')).validateCommand()],
  ['audit', async () => (await import('./audit.ts')).auditCommand()],
  ['export', async () => (await import('./export.ts')).exportCommand()],
  ['import', async () => (await import('./import.ts')).importCommand()],
  ['usage', async () => (await import('./usage.ts')).usageCommand()],
  ['token', async () => (await import('./token.ts')).tokenCommand()],
  ['convert', async () => (await import('./convert.ts')).convertCommand()],
  ['envoy-config', async () => (await import('./envoy-config.ts')).envoyConfigCommand()],
]);

const program = new Command('waxseal')
  .description('WS-Security for SOAP messages that pass an Envoy gateway')
  .version(packageJson.version)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_ERROR));
const called = commands.get(process.argv[2] ?? '');
// Help, and the message on an unknown command, name them all.
for (const load of called === undefined ? commands.values() : [called]) {
  const command = (await load()).copyInheritedSettings(program);
  for (const part of command.commands) part.copyInheritedSettings(program);
  program.addCommand(command);
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = USAGE_ERROR;
}
