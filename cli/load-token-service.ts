/** One token service out of a folder of manifests, ready to be asked, and the credential to ask it with. */

import { compileTokenService } from '../extproc/pipeline/compile-token-service.ts';
import type { TokenCredential, TokenServiceSettings } from '../extproc/sts/settings.ts';
import type { TokenServiceCredential } from '../crds/token-service-types.ts';
import type { ResolvedTokenService } from '../policy/bundle.ts';
import { load } from '../policy/load.ts';
import { formatProblem, type Problem } from '../policy/problem.ts';
import { locateProblems, policyId } from '../policy/report.ts';
import { resolve } from '../policy/resolve.ts';
import { UsageError } from './usage-error.ts';

export interface TokenServiceChoice {
  readonly config: string;
  /** `namespace/name`. */
  readonly service: string;
  /** Name of an entry of `credentials`. */
  readonly credential?: string;
  readonly environment?: string;
}

/**
 * @throws UsageError when the service is not there or cannot be used, with everything that is wrong with it, or when there
 *   is no such credential
 */
export async function loadTokenService(choice: TokenServiceChoice): Promise<{
  readonly settings: TokenServiceSettings;
  /** Undefined: the service is asked by nobody in particular. */
  readonly credential: TokenCredential | undefined;
}> {
  const { config, service: id } = choice;
  const { manifests, problems: unreadable } = await load([config]);
  const { tokenServices, problems } = resolve(manifests);
  const mine = ({ tokenService, severity }: Problem): boolean => tokenService === id && severity === 'error';
  const told = (found: readonly Problem[]): string[] => locateProblems(found, manifests).map(formatProblem);
  const resolved = tokenServices.find((service) => policyId(service) === id);
  if (resolved === undefined) {
    const services = manifests.filter(({ kind }) => kind === 'SecurityTokenService').map(policyId);
    const text = services.includes(id)
      ? `the token service ${id} cannot be used:`
      : `${config} has no SecurityTokenService ${id}; it has: ${services.join(', ') || 'none'}`;
    throw new UsageError([text, ...told([...unreadable, ...problems.filter(mine)])].join('\n'));
  }
  const { service, problems: wrong } = compileTokenService(resolved);
  if (service === undefined)
    throw new UsageError([`the token service ${id} cannot be used:`, ...told(wrong)].join('\n'));
  return { settings: service.settings, credential: chooseCredential(resolved, choice) };
}

/** The one that is named, or else the first that is for every message here. */
function chooseCredential(
  resolved: ResolvedTokenService,
  { service: id, credential: name, environment }: TokenServiceChoice,
): TokenCredential | undefined {
  const entries = resolved.spec.credentials ?? [];
  if (name === undefined && entries.length === 0) return undefined;
  const fits = ({ when, environments, default: isDefault }: TokenServiceCredential): boolean =>
    !isDefault &&
    when === undefined &&
    (environments === undefined || (environment !== undefined && environments.includes(environment)));
  const chosen =
    name === undefined
      ? (entries.find(fits) ?? entries.find((entry) => entry.default))
      : entries.find((entry) => entry.name === name);
  if (chosen === undefined) {
    const names = entries.map((entry) => entry.name).join(', ') || 'none';
    const problem = name === undefined ? 'has a choice of credentials' : `has no credential ${name}`;
    throw new UsageError(`the token service ${id} ${problem}; name one of them as --credential: ${names}`);
  }
  const only = { name: chosen.name, secretRef: chosen.secretRef, default: true };
  const { service } = compileTokenService({ ...resolved, spec: { ...resolved.spec, credentials: [only] } });
  const nobodysMessage = { method: 'POST', path: '/', host: '', headers: new Map<string, readonly string[]>() };
  return service?.pool?.choose(nobodysMessage, undefined, undefined);
}
