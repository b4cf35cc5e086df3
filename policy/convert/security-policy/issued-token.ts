/** `sp:IssuedToken` -> a SecurityTokenService (WS-SecurityPolicy 1.3 §5.4.2). */

import { detached, Findings } from '../finding.ts';
import { commentsOf, resource } from '../manifests.ts';
import { WSA_10, WSA_2004 } from '../ws-policy/namespaces.ts';
import type { XmlDocument } from '../ws-policy/document.ts';
import { need, type Context } from './context.ts';
import type { Token } from './tokens.ts';
import type { Section } from './to-secure.ts';

const TRUST_VERSIONS: ReadonlyMap<string, '1.3' | '2005-02'> = new Map([
  ['http://docs.oasis-open.org/ws-sx/ws-trust/200512', '1.3'],
  ['http://schemas.xmlsoap.org/ws/2005/02/trust', '2005-02'],
]);
const SAML1 = new Set([
  'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1',
  'urn:oasis:names:tc:SAML:1.0:assertion',
]);
const SAML2 = new Set([
  'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0',
  'urn:oasis:names:tc:SAML:2.0:assertion',
]);
const PLACEHOLDER = 'https://token-service.invalid/REPLACE_ME';
const HTTPS = /^(https:\/\/[^/?#@\s]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?)([/?][^#\s]*)?$/;

/**
 * Writes the token service down, once for each token.
 *
 * @param use whether the token signs messages with the key that it was issued for, or only goes with them
 * @returns `secure.securityToken`
 */
export function issuedToken(context: Context, token: Token, use: 'signs' | 'supports'): Section {
  const { naming, others, requirements, endpoint } = context;
  const name = `${naming.name}-sts`;
  const section = { serviceRef: { name } };
  if (others.some(({ object }) => (object.metadata as { name?: string }).name === name)) return section;
  const findings = new Findings();
  const wsTrust: Section = { ...addressOf(token, findings), ...templateOf(token, findings, use) };
  const { trust } = requirements;
  if (trust && wsTrust.version === undefined && trust.version !== '1.3') wsTrust.version = trust.version;
  if (wsTrust.version === '1.3') delete wsTrust.version;
  if (wsTrust.keyType === 'Symmetric' && trust && trust.clientEntropy !== trust.serverEntropy) {
    wsTrust.entropy = trust.clientEntropy ? 'Requester' : 'Issuer';
  }
  if (endpoint.location !== undefined) wsTrust.appliesTo = endpoint.location;
  else if (trust?.appliesTo) {
    findings.note(
      'Elsewhere',
      'sp:RequireAppliesTo',
      token.assertion.place,
      'the token service wants to know what the token is for; write that into appliesTo',
      ['spec', 'wsTrust'],
    );
  }
  wsTrust.authentication = wsTrust.keyType === 'Public' ? { x509: {} } : { usernameToken: {}, timestamp: {} };
  findings.note(
    'Elsewhere',
    token.assertion.name,
    token.assertion.place,
    'how the token service wants to be asked is in its own WSDL; a guess stands under authentication',
    ['spec', 'wsTrust', 'authentication'],
  );
  const keys = wsTrust.keyType === 'Public' ? 'tls.crt and tls.key' : 'username and password';
  const secretRef = { name: need(context, 'Secret', 'sts-login', `${keys}: what we show the token service`) };
  const spec = { wsTrust, credentials: [{ name: 'default', default: true, secretRef }] };
  others.push({
    object: resource('SecurityTokenService', { ...naming, name }, spec),
    comments: commentsOf(findings.all),
  });
  context.findings.add(findings.all.map(detached));
  return section;
}

function addressOf({ assertion }: Token, findings: Findings): Section {
  const { document, element } = assertion;
  const issuer = childNamed(assertion, 'Issuer');
  const address = issuer === undefined ? undefined : addressIn(document, issuer);
  const url = address !== undefined && HTTPS.test(address) ? address : undefined;
  if (url !== undefined) return { url };
  findings.note(
    'Elsewhere',
    'sp:Issuer',
    document.place(issuer ?? element),
    address === undefined
      ? 'names no token service; write the address of yours into url'
      : `${address} is no https address; write the one of the token service into url`,
    ['spec', 'wsTrust', 'url'],
  );
  return { url: PLACEHOLDER };
}

function addressIn({ index }: XmlDocument, issuer: number): string | undefined {
  for (let each = issuer + 1; each < index.subtreeEnd(issuer); each++) {
    const namespace = index.namespaceUri(each);
    if (
      index.localName(each) === 'Address' &&
      (namespace === WSA_10 || namespace === WSA_2004) &&
      index.hasOnlyText(each)
    ) {
      return index.text(each).trim();
    }
  }
  return undefined;
}

/** Text of an element of the template, whatever version of WS-Trust it is of. */
export function templateText({ assertion }: Token, localName: string): string | undefined {
  const { index } = assertion.document;
  const template = childNamed(assertion, 'RequestSecurityTokenTemplate');
  const found =
    template === undefined ? undefined : index.children(template).find((child) => index.localName(child) === localName);
  return found !== undefined && index.hasOnlyText(found) ? index.text(found).trim() : undefined;
}

/** What the issuer calls itself in tokens (`sp:IssuerName`, §5.4.2). */
export function issuerNameOf({ assertion }: Token): string | undefined {
  const { index } = assertion.document;
  const found = childNamed(assertion, 'IssuerName');
  return found !== undefined && index.hasOnlyText(found) ? index.text(found).trim() : undefined;
}

function childNamed({ document: { index }, element }: Token['assertion'], localName: string): number | undefined {
  return index.children(element).find((child) => index.localName(child) === localName);
}

/** What the template asks for (`sp:RequestSecurityTokenTemplate`): it goes into the request. */
function templateOf({ assertion }: Token, findings: Findings, use: 'signs' | 'supports'): Section {
  const { document } = assertion;
  const { index } = document;
  const template = childNamed(assertion, 'RequestSecurityTokenTemplate');
  const section: Section = {};
  const claims: Section[] = [];
  for (const child of template === undefined ? [] : index.children(template)) {
    const version = TRUST_VERSIONS.get(index.namespaceUri(child));
    if (version !== undefined) section.version = version;
    const localName = index.localName(child);
    const text = index.hasOnlyText(child) ? index.text(child).trim() : '';
    switch (version === undefined ? '' : localName) {
      case 'TokenType':
        section.tokenType = SAML1.has(text) ? 'SAML1' : SAML2.has(text) ? 'SAML2' : text;
        break;
      case 'KeyType': {
        const keyType = /(Bearer|SymmetricKey|PublicKey)$/.exec(text)?.[1]?.replace('Key', '');
        if (keyType !== undefined) section.keyType = keyType;
        break;
      }
      case 'KeySize':
        if (['128', '192', '256', '512'].includes(text)) section.keySize = Number(text);
        break;
      case 'Claims':
        claims.push(...claimsOf(document, child));
        break;
      default:
        findings.note(
          'NoCounterpart',
          `wst:${localName}`,
          document.place(child),
          'is not asked for; the token service decides',
        );
    }
  }
  if (claims.length > 0) section.claims = claims;
  section.keyType ??= use === 'supports' ? 'Bearer' : 'Symmetric';
  if (section.keyType !== 'Symmetric') delete section.keySize;
  if (section.keyType === 'Bearer' && use === 'signs') {
    findings.error(
      'NotExpressible',
      assertion.name,
      assertion.place,
      'is a bearer token, which no key belongs to that could sign',
    );
  }
  return section;
}

function claimsOf({ index }: XmlDocument, claims: number): Section[] {
  return index
    .children(claims)
    .filter((child) => index.localName(child) === 'ClaimType')
    .flatMap((child): Section[] => {
      const type = index.attribute(child, '', 'Uri')?.trim();
      const optional = ['true', '1'].includes(index.attribute(child, '', 'Optional') ?? '');
      return type ? [{ type, ...(optional && { optional }) }] : [];
    });
}
