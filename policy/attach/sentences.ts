/** Sentences that several findings share. */

import type { Governed } from './claims.ts';

/** Names in a message: enough to find the rest, and bounded where a policy has thousands of routes. */
const SHOWN = 5;

/** `a, b and 7 more` */
export function enumerate(names: readonly string[]): string {
  if (names.length <= SHOWN) return names.join(', ');
  return `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;
}

/** Of the routes below a target, those that it does not govern. */
export function moreSpecific(below: readonly Governed[]): string[] {
  const ours = below.filter(({ by }) => by?.kind === 'WSSecurityPolicy');
  const foreign = below.filter(({ by }) => by?.kind === 'EnvoyExtensionPolicy');
  const list = (entries: readonly Governed[]): string =>
    enumerate(entries.map(({ route, by }) => `${route} (${by?.id})`));
  return [
    ...(ours.length > 0 ? [`More specific policies govern ${list(ours)}.`] : []),
    ...(foreign.length > 0
      ? [
          `Not under this policy, because an EnvoyExtensionPolicy of their own replaces it there: ${list(foreign)}. ` +
            'Attach a WSSecurityPolicy to them and remove theirs, or let theirs have a mergeType.',
        ]
      : []),
  ];
}
