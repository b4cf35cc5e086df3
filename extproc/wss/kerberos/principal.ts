/** Names of Kerberos (RFC 4120 §6.2), written as MIT Kerberos writes them: `HTTP/gateway.example@EXAMPLE.COM`. */

export interface Principal {
  readonly components: readonly string[];
  readonly realm: string;
}

/** Separators and the backslash stand for themselves after a backslash. */
const SPECIAL = /[\\/@]/g;

export function formatPrincipal({ components, realm }: Principal): string {
  return `${components.map(escaped).join('/')}@${escaped(realm)}`;
}

function escaped(text: string): string {
  return text.replace(SPECIAL, '\\$&');
}

/** @returns undefined when the text is no name with a realm */
export function parsePrincipal(text: string): Principal | undefined {
  const components: string[] = [];
  let part = '';
  let inRealm = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\\' && at + 1 < text.length) part += text[++at];
    else if (!inRealm && (character === '/' || character === '@')) {
      components.push(part);
      part = '';
      inRealm = character === '@';
    } else if (character === '/' || character === '@' || character === '\\') return undefined;
    else part += character;
  }
  if (!inRealm || part === '' || components.some((component) => component === '')) return undefined;
  return { components, realm: part };
}

/** The kind of the name does not count (RFC 4120 §6.2). */
export function isSamePrincipal(a: Principal, b: Principal): boolean {
  return (
    a.realm === b.realm &&
    a.components.length === b.components.length &&
    a.components.every((component, index) => component === b.components[index])
  );
}
