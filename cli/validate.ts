/** `waxseal validate`: everything that is to say about manifests, without a cluster. */

import { Command } from 'commander';
import { byPlace, loadPolicies } from '../extproc/pipeline/load-policies.ts';
import { formatProblem, type Problem } from '../policy/problem.ts';
import { policyId } from '../policy/report.ts';
import { attachmentProblems } from '../policy/usage/attachment-problems.ts';

export function validateCommand(): Command {
  return new Command('validate')
    .description('check policies, token services and what they refer to; exit status 2 when there are errors')
    .argument('<file...>', 'files, or folders of .yaml, .yml and .json files')
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      `
Says what admission and the status of policies and token services would say. Gateways, HTTPRoutes, Services and ReferenceGrants among the
files are taken into account: targets that are missing or have another policy are errors.

Examples:
  waxseal validate policy.yaml
  waxseal validate ./manifests
  waxseal validate --json policies.yaml secrets.yaml gateway.yaml`,
    )
    .action(async (files: string[], { json }: { json: boolean }) => {
      process.exitCode = await validate(files, json);
    });
}

async function validate(files: string[], json: boolean): Promise<number> {
  const { bundle, policies, manifests, problems: ofPolicies } = await loadPolicies(files, Date.now());
  const problems = [...ofPolicies, ...attachmentProblems(manifests)].sort(byPlace);
  const count = (severity: string): number => problems.filter((problem) => problem.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const services = [...new Set(manifests.filter(({ kind }) => kind === 'SecurityTokenService').map(policyId))];
  if (json) {
    const found = [...policies.values()].map(({ id, broken }) => ({ id, valid: broken === undefined }));
    const tokenServices = services.map((id) => ({ id, valid: !problems.some(isErrorOf(id)) }));
    console.log(JSON.stringify({ version: bundle.version, policies: found, tokenServices, problems }, null, 2));
  } else {
    for (const problem of problems) console.log(formatProblem(problem));
    const checked = [
      amount(policies.size, 'policy', 'policies'),
      ...(services.length > 0 ? [amount(services.length, 'token service')] : []),
    ];
    console.log([...checked, amount(errors, 'error'), amount(warnings, 'warning')].join(', '));
  }
  if (policies.size + services.length > 0) return errors > 0 ? 2 : 0;
  console.error('There is no WSSecurityPolicy or SecurityTokenService to check.');
  return 2;
}

const isErrorOf =
  (id: string) =>
  ({ tokenService, severity }: Problem): boolean =>
    tokenService === id && severity === 'error';

function amount(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
