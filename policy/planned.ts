/** What the API has but this version does not do, so that it is refused by its name and never passed over. */

/** Values by the field they stand in. Fields that are not supported say so in the schema itself. */
const plannedValues: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>();

/** The sentence for a value that the API has and this version has not; undefined for any other. */
export function notSupported(field: string, value: string): string | undefined {
  return plannedValues.get(field)?.includes(value) ? `not supported yet: ${field} ${value}` : undefined;
}

/** Values that are refused for good, with the reason. */
export const refusals: ReadonlyMap<string, string> = new Map([
  [
    'TripleDES-CBC',
    'TripleDES-CBC is accepted in messages that arrive and never written; use AES256-GCM, or AES128-CBC for a receiver that knows nothing better',
  ],
]);
