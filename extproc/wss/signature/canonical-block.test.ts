import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pki, readMessage } from '../../../test/support/securing.ts';
import { createBinarySecurityToken } from '../binary-security-token/create.ts';
import { elementText } from '../element-text.ts';
import { DS, EXC_C14N, SOAP11, WSSE, WSSE11, WSU } from '../namespaces.ts';
import { planSecurityHeader } from '../security-header.ts';
import { createSignatureConfirmation } from '../signature-confirmation/create.ts';
import { createTimestamp } from '../timestamp/create.ts';
import { createUsernameToken } from '../username-token/create.ts';
import { canonicalElement, canonicalText, headerContext } from './canonical-block.ts';

const user = { username: 'é<&>"\r', password: 'p', passwordType: 'Text', nonce: true, created: true } as const;
const elements = [
  createTimestamp({ ttl: 1000, precision: 'Milliseconds' }, 0, 'id'),
  createUsernameToken(user, 0, 'id'),
  createSignatureConfirmation('a"<&=', 'id'),
  createSignatureConfirmation(undefined, 'id'),
  createBinarySecurityToken(pki.signer.certificate, 'id'),
];
const prefixes = ['', 'a', 'ec', 'ds', 'wsse', 'wsse11', 'wsu', 'soap', 'Ä', 'z.1', '_'];
const uris = ['urn:a', 'urn:b&amp;&quot;&#xA;', DS, EXC_C14N, WSSE, WSSE11, WSU, SOAP11];

const scopes = fc.dictionary(fc.constantFrom(...prefixes), fc.constantFrom(...uris), { maxKeys: 6 });
const lists = fc.uniqueArray(fc.constantFrom('#default', 'unbound', ...prefixes.slice(1)), { maxLength: 4 });

test('property: a canonical form put together as text is the one that the canonicalizer gives', () => {
  let plain = 0;
  fc.assert(
    fc.property(
      scopes,
      lists,
      fc.constantFrom(...elements),
      fc.boolean(),
      (scope, inclusivePrefixes, element, augmentDefaultNamespace) => {
        const declarations = Object.entries(scope).map(([p, uri]) => ` xmlns${p === '' ? '' : `:${p}`}="${uri}"`);
        const message = readMessage(
          `<E:Envelope xmlns:E="${SOAP11}"${declarations.join('')}><E:Header/><E:Body/></E:Envelope>`,
        );
        const security = planSecurityHeader(message, 'urn:actor', true);
        const header = headerContext(message, security);
        if (header.plain) plain++;
        const options = { mode: 'exclusive', comments: false, inclusivePrefixes, augmentDefaultNamespace } as const;
        const text = elementText(element, security.scope);
        assert.equal(
          canonicalElement(header, element, 'Security', options).toString(),
          canonicalText(message, security, text, 'Security', options).toString(),
        );
      },
    ),
    { numRuns: 1000 },
  );
  // Neither way must be the only one that was tried.
  assert.ok(plain > 100 && plain < 900, `${plain} of 1000 scopes were plain`);
});

test('scopes that could meet our prefixes, or that Canonical XML refuses, are left to the canonicalizer', () => {
  const isPlain = (declaration: string) => {
    const message = readMessage(`<E:Envelope xmlns:E="${SOAP11}" ${declaration}><E:Body/></E:Envelope>`);
    return headerContext(message, planSecurityHeader(message, undefined, true)).plain;
  };
  assert.equal(isPlain('xmlns="urn:a" xmlns:x="http://x.example/"'), true);
  assert.equal(isPlain(`xmlns:ds="${DS}" xmlns:wsu="${WSU}"`), true);
  for (const odd of [
    'xmlns:ds="urn:a"',
    'xmlns:wsse="urn:a"',
    `xmlns:ec="${EXC_C14N}"`,
    'xmlns:x="relative"',
    'xmlns:Ä="urn:a"',
  ]) {
    assert.equal(isPlain(odd), false, odd);
  }
});
