/**
 * Joins values of `xml:base`, the outermost first, as Canonical XML 1.1 §2.4 wants it: the resolution of RFC 3986 §5.2
 * that also works when the outermost is relative, and then keeps leading `..` segments. Time is linear in the length of
 * all values.
 */
export function joinBases(values: readonly string[]): string {
  let scheme = '';
  let authority = '';
  let query = '';
  let absolute = false;
  /** The path; the last segment, empty after a slash, is what the next relative path replaces. */
  let segments: string[] = [''];
  for (const [place, value] of values.entries()) {
    const uri = splitUri(value);
    if (place === 0 || uri.scheme !== '' || uri.authority !== '') {
      scheme = uri.scheme || scheme;
      authority = uri.authority;
      absolute = uri.path.startsWith('/');
      segments = [''];
    } else if (uri.path.startsWith('/')) {
      absolute = true;
      segments = [''];
    } else if (uri.path === '') {
      query = uri.query || query;
      continue;
    }
    query = uri.query;
    if (authority !== '' && uri.path !== '') absolute = true;
    append(segments, uri.path, absolute);
  }
  return scheme + authority + (absolute ? '/' : '') + segments.join('/') + query;
}

/** Goes from where `segments` end along `path` (RFC 3986 §5.2.3 and §5.2.4). */
function append(segments: string[], path: string, absolute: boolean): void {
  segments.pop();
  const steps = path.split('/');
  for (const [i, step] of steps.entries()) {
    const last = i === steps.length - 1;
    if (step === '..') {
      if (segments.length > 0 && segments.at(-1) !== '..') segments.pop();
      else if (!absolute) segments.push('..');
    } else if (step !== '.' && step !== '') segments.push(step);
    if (last && (step === '..' || step === '.' || step === '')) segments.push('');
  }
}

interface UriParts {
  /** With its colon. */
  readonly scheme: string;
  /** With its two slashes. */
  readonly authority: string;
  readonly path: string;
  /** With its question mark. */
  readonly query: string;
}

/** RFC 3986 appendix B, the fragment left out. */
function splitUri(uri: string): UriParts {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*:)?(\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?/.exec(uri);
  return { scheme: match?.[1] ?? '', authority: match?.[2] ?? '', path: match?.[3] ?? '', query: match?.[4] ?? '' };
}
