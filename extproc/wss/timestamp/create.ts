import type { TimestampSettings } from '../settings.ts';

/**
 * Writes a wsu:Timestamp (WSS 1.1 §10).
 *
 * @param now milliseconds since 1970: Created
 * @param id the wsu:Id
 * @param declarations namespace declarations of the prefixes `wsse` and `wsu`, where they are not in scope
 */
export function createTimestamp(settings: TimestampSettings, now: number, id: string, declarations: string): string {
  const created = formatInstant(now, settings.precision);
  const expires = formatInstant(now + settings.ttl, settings.precision);
  return (
    `<wsu:Timestamp${declarations} wsu:Id="${id}"><wsu:Created>${created}</wsu:Created>` +
    `<wsu:Expires>${expires}</wsu:Expires></wsu:Timestamp>`
  );
}

/** A point in time as xs:dateTime in UTC, whole seconds or with three decimals. */
export function formatInstant(time: number, precision: TimestampSettings['precision']): string {
  const text = new Date(time).toISOString();
  return precision === 'Milliseconds' ? text : `${text.slice(0, 19)}Z`;
}
