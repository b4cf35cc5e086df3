/** The `waxseal` command: one file per subcommand. */

import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { envoyConfigCommand } from './envoy-config.ts';
import { explainCommand } from './explain.ts';
import { extprocCommand } from './extproc.ts';
import { processCommand } from './process.ts';
import { UsageError } from './usage-error.ts';
import { validateCommand } from './validate.ts';

/** A mistake in how the command was called, or in the configuration it was given. */
const USAGE_ERROR = 2;

const program = new Command('waxseal')
  .description('WS-Security for SOAP messages that pass an Envoy gateway')
  .version(packageJson.version)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_ERROR));
for (const command of [extprocCommand(), processCommand(), explainCommand(), validateCommand(), envoyConfigCommand()]) {
  command.copyInheritedSettings(program);
  program.addCommand(command);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`error: ${error.message}`);
    process.exitCode = USAGE_ERROR;
  } else {
    throw error;
  }
}
