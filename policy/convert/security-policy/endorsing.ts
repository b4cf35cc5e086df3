/** Signatures over the message signature (WS-SecurityPolicy 1.3 §8.3, §8.4). */

import { fieldOf, ownKey, partnerAuthority, type Context } from './context.ts';
import type { Message } from './message.ts';
import type { SupportingToken } from './supporting.ts';
import type { Section } from './to-secure.ts';
import { isCertificate, isIncluded, keyIdentifierOf } from './tokens.ts';

/** @returns `secure.endorsing`, or nothing */
export function endorsingOf(context: Context, { direction, signature, endorsing }: Message): Section {
  const { suite } = context.requirements.binding ?? {};
  const made = expressible(context, signature !== undefined, endorsing);
  if (made.length === 0) return {};
  const list = made.map(({ token, signed }): Section => {
    const keyIdentifier = keyIdentifierOf(token, direction, context.requirements.references);
    return {
      keyRef: ownKey(context),
      ...(suite && { algorithm: `RSA-${suite.signatureHash}`, digest: suite.digest }),
      ...(suite && suite.canonicalization !== 'ExclusiveC14N' && { canonicalization: suite.canonicalization }),
      keyIdentifier,
      // What is only named is nothing that the message's signature could cover.
      ...(signed && keyIdentifier === 'BinarySecurityToken' && { signed }),
    };
  });
  return { endorsing: list };
}

/** @returns `verify.endorsing`, or nothing */
export function demandedEndorsingOf(context: Context, { direction, signature, endorsing }: Message): Section {
  const { suite } = context.requirements.binding ?? {};
  const [first, ...others] = expressible(context, signature !== undefined, endorsing);
  for (const { assertion } of others) {
    const { name, place } = assertion;
    context.findings.error(
      'NotExpressible',
      name,
      place,
      'is another one, and one signature over the signature is demanded',
    );
  }
  if (first === undefined) return {};
  const { token, signed } = first;
  const at = fieldOf(direction, 'verify', 'endorsing');
  if (token.kind === 'KeyValueToken') {
    const { name, place } = token.assertion;
    context.findings.note('Stricter', name, place, 'keys must be those of certificates that are trusted', at);
  }
  const included = isIncluded(token, direction);
  return {
    endorsing: {
      trustRefs: [partnerAuthority(context, !included)],
      ...(signed && included && { signed }),
      ...(suite && {
        accept: {
          algorithms: [`RSA-${suite.signatureHash}`],
          digests: [suite.digest],
          canonicalizations: [...new Set([suite.canonicalization, 'ExclusiveC14N'])],
        },
      }),
    },
  };
}

function expressible(context: Context, signs: boolean, endorsing: readonly SupportingToken[]): SupportingToken[] {
  const { binding } = context.requirements;
  return endorsing.filter(({ token, assertion, encrypted, protection }) => {
    const { name, place } = token.assertion;
    const cannot = (message: string): void => {
      context.findings.error('NotExpressible', name, place, message);
    };
    if (!isCertificate(token))
      cannot('the signature is signed with the keys of certificates only; ask for an X.509 token');
    else if (!signs) cannot(`signs the message signature (${assertion.name}), and there is none`);
    else if (token.derivedKeys) cannot('is a certificate, and no symmetric keys are derived from those here');
    else {
      if (encrypted) cannot('a token that signs the signature is not encrypted');
      if (protection.signed.length > 0) cannot('signs the message signature only, and not the parts that stand here');
      if (binding?.protectTokens) cannot('signs the message signature only, and not itself (sp:ProtectTokens)');
      return true;
    }
    return false;
  });
}
