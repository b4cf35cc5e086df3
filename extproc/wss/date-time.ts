/** Points in time as WSS writes them. */

/**
 * Reads an xsd:dateTime in UTC (WSS 1.1 §10, XML Schema part 2 §3.2.7).
 *
 * Only the form with `Z` is taken: WSS asks for UTC, and a time without zone means another instant to every reader.
 * A fraction of seconds may have 1 to 9 digits, of which three count. No leap second (WSS forbids them), no `24:00:00`.
 * Surrounding XML white space is ignored.
 *
 * @returns milliseconds since 1970-01-01T00:00:00Z; undefined when the text is anything else
 */
export function parseDateTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  const milliseconds = match[7] === undefined ? 0 : Number(match[7].slice(0, 3).padEnd(3, '0'));
  if (hour > 23 || minute > 59 || second > 59 || month === 0 || month > 12 || day === 0) return undefined;
  const time = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
  const date = new Date(time);
  // Date.UTC rolls 30 February over into March, and takes years below 100 for the 20th century.
  if (date.getUTCDate() !== day || date.getUTCFullYear() !== year) return undefined;
  return time;
}

const DATE_TIME = /^[ \t\r\n]*(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z[ \t\r\n]*$/;
