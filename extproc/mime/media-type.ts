import { MediaTypeError } from './errors.ts';

/** A Content-Type (RFC 2045 §5.1). */
export interface MediaType {
  /** Type and subtype in lower case, without parameters. */
  readonly essence: string;
  /** By name in lower case; quotes and escapes undone. */
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_LENGTH = 4096;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const ESSENCE = new RegExp(`[ \\t]*(${TOKEN}/${TOKEN})[ \\t]*`, 'y');
const PARAMETER = new RegExp(`;[ \\t]*(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\\\r\\n]|\\\\[\\x20-\\x7e])*)")[ \\t]*`, 'y');

/**
 * Reads a media type strictly: nothing in it may be understood in two ways.
 *
 * @param value of the header, unfolded
 * @throws MediaTypeError for comments, RFC 2231 parameters, a parameter twice, and everything that is not the grammar
 */
export function parseMediaType(value: string): MediaType {
  if (value.length > MAX_LENGTH) throw new MediaTypeError(`a Content-Type is longer than ${MAX_LENGTH} characters`);
  ESSENCE.lastIndex = 0;
  const essence = ESSENCE.exec(value)?.[1];
  if (essence === undefined) throw new MediaTypeError('a Content-Type is not a media type');
  const parameters = new Map<string, string>();
  for (let at = ESSENCE.lastIndex; at < value.length; at = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(value);
    if (match === null) {
      if (value.slice(at).trim() === ';') break;
      throw new MediaTypeError('the parameters of a Content-Type cannot be read');
    }
    const name = match[1].toLowerCase();
    if (name.includes('*')) throw new MediaTypeError('a Content-Type has an encoded or continued parameter (RFC 2231)');
    if (parameters.has(name)) throw new MediaTypeError(`a Content-Type has the parameter ${name} twice`);
    parameters.set(name, match[2] ?? match[3].replace(/\\(.)/g, '$1'));
  }
  return { essence: essence.toLowerCase(), parameters };
}

/** @param parameters written in quotes, whatever they hold */
export function writeMediaType({ essence, parameters }: MediaType): string {
  const written = [...parameters].map(([name, value]) => `; ${name}="${value.replace(/["\\]/g, '\\$&')}"`);
  return essence + written.join('');
}
