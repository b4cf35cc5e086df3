/** A SecurityTokenService and what it refers to -> a resolved token service. */

import type { SecurityTokenServiceSpec } from '../crds/token-service-types.ts';
import type { ResolvedTokenService } from './bundle.ts';
import { checkTokenService } from './check-token-service.ts';
import type { Manifest } from './load.ts';
import type { Problem } from './problem.ts';
import type { MaterialObject } from './reference-grants.ts';
import { tokenServiceReferences } from './references.ts';
import { Report } from './report.ts';
import { tokenServiceSchema } from './schema.ts';
import { gather, type MaterialSources } from './sources.ts';
import { validate } from './validate.ts';

export interface TokenServiceResolution {
  /** Absent where it is `broken`. */
  readonly service?: ResolvedTokenService;
  /** Why no policy can use it: its first error. */
  readonly broken?: string;
  readonly problems: readonly Problem[];
  /** The objects that the service refers to, each once; also those that are missing or not granted. */
  readonly references: readonly MaterialObject[];
}

/** Validates one token service, fills in its defaults and gathers the Secrets and ConfigMaps that it refers to. */
export function resolveTokenService(manifest: Manifest, sources: MaterialSources): TokenServiceResolution {
  const { namespace, name, defect } = manifest;
  if (defect !== undefined) return { broken: defect, problems: [], references: [] };
  const { spec, problems } = validate<SecurityTokenServiceSpec>(manifest, tokenServiceSchema);
  if (spec === undefined) return { ...brokenBy(problems), problems, references: [] };
  const inSpec = new Report(manifest, ['spec']);
  checkTokenService(inSpec, spec);
  const report = new Report(manifest);
  const { material, objects } = gather(manifest, tokenServiceReferences(spec), sources, report);
  const all = [...problems, ...inSpec.problems, ...report.problems];
  const service = { namespace, name, spec, material };
  return { service, ...brokenBy(all), problems: all, references: objects };
}

/** `broken` with the first error, and no service then. */
export function brokenBy(problems: readonly Problem[]): Pick<TokenServiceResolution, 'service' | 'broken'> {
  const error = problems.find(({ severity }) => severity === 'error');
  if (error === undefined) return {};
  const { field, message } = error;
  return { service: undefined, broken: field === '' ? message : `${field}: ${message}` };
}
