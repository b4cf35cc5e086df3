/**
 * Joins two values of `xml:base` as Canonical XML 1.1 §2.4 wants it: RFC 3986 §5.2 resolution that also works when the
 * base is relative, and that keeps leading `..` segments of a relative result (C14N 1.1 appendix A).
 */
export function joinBase(base: string, reference: string): string {
  const r = splitUri(reference);
  if (r.scheme !== '') return r.scheme + r.authority + removeDotSegments(r.path) + r.query;
  const b = splitUri(base);
  if (r.authority !== '') return b.scheme + r.authority + removeDotSegments(r.path) + r.query;
  const root = b.scheme + b.authority;
  if (r.path === '') {
    return root + removeDotSegments(b.path) + (r.query === '' ? b.query : r.query);
  }
  if (r.path.startsWith('/')) return root + removeDotSegments(r.path) + r.query;
  const merged = b.authority !== '' && b.path === '' ? `/${r.path}` : directoryOf(b.path) + r.path;
  return root + removeDotSegments(merged) + r.query;
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

/** Path up to its last slash; a last segment of dots is a directory too. */
function directoryOf(path: string): string {
  if (/(^|\/)\.\.?$/.test(path)) return `${path}/`;
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** Works on segments, so that its time is linear. */
function removeDotSegments(path: string): string {
  const absolute = path.startsWith('/');
  const segments = path.split('/');
  const last = segments.at(-1);
  const kept: string[] = [];
  for (const segment of absolute ? segments.slice(1) : segments) {
    if (segment === '.' || segment === '') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!absolute) kept.push('..');
  }
  const directory = last === '' || last === '.' || last === '..';
  return (absolute ? '/' : '') + kept.join('/') + (directory && kept.length > 0 ? '/' : '');
}
