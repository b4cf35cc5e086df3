/** What one message of an exchange must bear, out of all that a policy demands: the same for whoever writes it and whoever checks it. */

import type { Findings } from '../finding.ts';
import { unique, type PartDraft, type Protection } from './parts.ts';
import type { Requirements } from './requirements.ts';
import type { Direction } from './side.ts';
import type { SupportingToken } from './supporting.ts';
import { isIncluded, type Token } from './tokens.ts';

export interface Signing {
  readonly token: Token;
  readonly parts: readonly PartDraft[];
}

export interface Message {
  readonly direction: Direction;
  readonly timestamp: boolean;
  readonly signature?: Signing;
  readonly encryption?: Signing;
  /** Signatures over the message signature. */
  readonly endorsing: readonly SupportingToken[];
  readonly usernameToken?: SupportingToken;
  /** A token of a token service, or an assertion, that is not what the message signature is made with. */
  readonly assertion?: SupportingToken;
  readonly kerberos?: SupportingToken;
}

export function messageOf(requirements: Requirements, direction: Direction, findings: Findings): Message {
  const { binding } = requirements;
  const supporting = direction === 'input' ? requirements.supporting : [];
  const overTls = binding?.kind === 'Transport';
  const timestamp = binding?.timestamp ?? false;
  const endorsing = supporting.filter((each) => each.endorsing);
  const plain = supporting.filter((each) => !each.endorsing);
  const pick = (...kinds: readonly Token['kind'][]): SupportingToken | undefined => {
    const [first, ...others] = plain.filter(({ token }) => kinds.includes(token.kind));
    for (const { token, assertion } of others) {
      findings.error(
        'NotExpressible',
        token.assertion.name,
        token.assertion.place,
        `is another one in ${assertion.name}; a message gets one`,
      );
    }
    return first;
  };
  for (const { token, assertion } of plain) {
    if (['UsernameToken', 'IssuedToken', 'SamlToken', 'KerberosToken', 'HttpsToken'].includes(token.kind)) continue;
    const { name, place } = token.assertion;
    findings.error(
      'NotExpressible',
      name,
      place,
      `cannot be sent as ${assertion.name}; ask the partner whether it is needed`,
    );
  }
  const usernameToken = pick('UsernameToken');
  const assertion = pick('IssuedToken', 'SamlToken');
  const kerberos = pick('KerberosToken');
  const common = {
    ...{ direction, timestamp },
    ...(usernameToken && { usernameToken }),
    ...(assertion && { assertion }),
    ...(kerberos && { kerberos }),
  };
  const protection = requirements[direction];
  if (binding === undefined || overTls) {
    if (!overTls) reportUnprotected(protection, requirements, findings);
    return { ...common, ...endorsedTimestamp(endorsing, timestamp, binding?.protectTokens !== undefined, findings) };
  }
  const [signer, recipient] = [binding.tokens[direction].signature, binding.tokens[direction].encryption];
  const signed = unique([
    ...protection.signed,
    ...(timestamp ? [{ part: 'Timestamp' as const }] : []),
    ...(usernameToken?.signed ? [{ part: 'UsernameToken' as const }] : []),
    ...(assertion?.signed ? [{ part: 'Assertion' as const }] : []),
  ]);
  const encrypted: PartDraft[] = [...protection.encrypted];
  if (usernameToken?.encrypted) encrypted.push({ part: 'UsernameToken' });
  if (assertion?.encrypted) encrypted.push({ part: 'Assertion' });
  if (binding.encryptSignature && signed.length > 0) encrypted.push({ part: 'Signature' });
  // A token that is only referred to is none of the message's.
  if (binding.protectTokens && signer && signed.length > 0 && isIncluded(signer, direction))
    signed.push({ part: 'Token' });
  if (signed.length > 0 && signer === undefined) missing('signs', direction, requirements, findings);
  if (encrypted.length > 0 && recipient === undefined) missing('encrypts', direction, requirements, findings);
  return {
    ...{ ...common, endorsing },
    ...(signer && signed.length > 0 && { signature: { token: signer, parts: signed } }),
    ...(recipient && encrypted.length > 0 && { encryption: { token: recipient, parts: unique(encrypted) } }),
  };
}

/** Over TLS there is no message signature, and an endorsing token signs the Timestamp (§8.3). */
function endorsedTimestamp(
  [first, ...others]: readonly SupportingToken[],
  timestamp: boolean,
  protectTokens: boolean,
  findings: Findings,
): Pick<Message, 'signature' | 'endorsing'> {
  if (first === undefined) return { endorsing: [] };
  const parts: PartDraft[] = [...(timestamp ? [{ part: 'Timestamp' as const }] : []), ...first.protection.signed];
  if (first.assertion.localName.startsWith('Signed') || protectTokens) parts.push({ part: 'Token' });
  for (const { assertion } of others) {
    findings.error(
      'NotExpressible',
      assertion.name,
      assertion.place,
      'is another one; one signature is made where TLS protects the message',
    );
  }
  if (!timestamp && first.protection.signed.length === 0) {
    const { name, place } = first.assertion;
    findings.error(
      'NotExpressible',
      name,
      place,
      'has nothing to sign without sp:IncludeTimestamp; ask the partner what it expects to be signed',
    );
    return { endorsing: [] };
  }
  return { endorsing: [], signature: { token: first.token, parts: unique(parts) } };
}

function missing(verb: string, direction: Direction, { binding }: Requirements, findings: Findings): void {
  if (binding === undefined) return;
  const { name, place } = binding.assertion;
  const message = direction === 'input' ? 'requests' : 'answers';
  findings.error(
    'NotExpressible',
    name,
    place,
    `names no token that ${verb} ${message}, and parts of them are protected; ask for the whole policy`,
  );
}

function reportUnprotected(
  { signed, encrypted }: Protection,
  { input, output }: Requirements,
  findings: Findings,
): void {
  if (signed.length + encrypted.length === 0) return;
  const [assertion] = [input, output].flatMap(({ required }) => required.map((each) => each.assertion));
  findings.error(
    'NotExpressible',
    'sp:SignedParts',
    assertion?.place ?? {},
    'parts are protected, and no binding says how; ask for the whole policy',
  );
}
