import type { ElementText } from '../element-text.ts';
import { WSU } from '../namespaces.ts';
import type { TimestampSettings } from '../settings.ts';

/**
 * Writes a wsu:Timestamp (WSS 1.1 §10).
 *
 * @param now milliseconds since 1970: Created
 * @param id the wsu:Id
 */
export function createTimestamp(settings: TimestampSettings, now: number, id: string): ElementText {
  const created = formatInstant(now, settings.precision);
  const expires = formatInstant(now + settings.ttl, settings.precision);
  const rest =
    ` wsu:Id="${id}"><wsu:Created>${created}</wsu:Created>` + `<wsu:Expires>${expires}</wsu:Expires></wsu:Timestamp>`;
  return { name: 'wsu:Timestamp', rest, namespaces: NAMESPACES };
}

const NAMESPACES = [['wsu', WSU]] as const;

/** A point in time as xs:dateTime in UTC, whole seconds or with three decimals. */
export function formatInstant(time: number, precision: TimestampSettings['precision']): string {
  const text = new Date(time).toISOString();
  return precision === 'Milliseconds' ? text : `${text.slice(0, 19)}Z`;
}
