/**
 * What is compared of a Content-ID and of a `cid:` URL (RFC 2392). Readers differ in which of the two they decode, and how:
 * where this key is unique, each of them that finds a part finds the same one.
 */
export function contentIdKey(id: string): string {
  try {
    return decodeURIComponent(id).replaceAll('+', ' ');
  } catch {
    return id.replaceAll('+', ' ');
  }
}

/** The key of the part that a URL names; undefined where it is no `cid:` URL. */
export function keyOfCid(url: string): string | undefined {
  return /^cid:./i.test(url) ? contentIdKey(url.slice('cid:'.length)) : undefined;
}

/** The URL of a Content-ID. */
export function cidOf(contentId: string): string {
  return `cid:${encodeURIComponent(contentId).replace(/%(40|3A|2F|2C|3B|3D|26|24)/g, decodeURIComponent)}`;
}
