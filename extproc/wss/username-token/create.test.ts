import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { readMessage, secureText } from '../../../test/support/securing.ts';
import { BASE64_BINARY, PASSWORD_DIGEST, PASSWORD_TEXT, SOAP11, WSSE, WSU } from '../namespaces.ts';
import type { UsernameTokenSettings } from '../settings.ts';
import { securityHeaders } from '../soap.ts';
import { passwordDigest } from './create.ts';

/** The children of a UsernameToken by name: text, and the Type or EncodingType. */
async function token(changes: Partial<UsernameTokenSettings>): Promise<Record<string, [string, string | undefined]>> {
  const defaults = {
    username: 'alice',
    password: 's3cret',
    passwordType: 'Text',
    nonce: false,
    created: false,
  } as const;
  const xml = `<e:Envelope xmlns:e="${SOAP11}"><e:Body/></e:Envelope>`;
  const { bytes } = await secureText(xml, { usernameToken: { ...defaults, ...changes } });
  const message = readMessage(bytes);
  const { index } = message;
  const element = index.child(securityHeaders(message, undefined)[0], WSSE, 'UsernameToken');
  assert.ok(index.attribute(element, WSU, 'Id'));
  const children = index.children(element).map((child) => {
    const type = index.attribute(child, '', 'Type') ?? index.attribute(child, '', 'EncodingType');
    return [index.localName(child), [index.text(child), type]] as const;
  });
  return Object.fromEntries(children) as Record<string, [string, string | undefined]>;
}

test('Text and None say what they are told to say', async () => {
  assert.deepEqual(await token({}), { Username: ['alice', undefined], Password: ['s3cret', PASSWORD_TEXT] });
  assert.deepEqual(await token({ passwordType: 'None' }), { Username: ['alice', undefined] });
  const full = await token({ passwordType: 'None', nonce: true, created: true });
  assert.deepEqual(Object.keys(full), ['Username', 'Nonce', 'Created']);
  assert.equal(full['Nonce'][1], BASE64_BINARY);
});

test('Digest always has a fresh nonce and Created, and digests them with the password', async () => {
  const [a, b] = [await token({ passwordType: 'Digest' }), await token({ passwordType: 'Digest' })];
  assert.notEqual(a['Nonce'][0], b['Nonce'][0]);
  const nonce = Buffer.from(a['Nonce'][0], 'base64');
  assert.equal(nonce.length, 16);
  const input = Buffer.concat([nonce, Buffer.from(a['Created'][0] + 's3cret')]);
  assert.deepEqual(a['Password'], [createHash('sha1').update(input).digest('base64'), PASSWORD_DIGEST]);
});

test('a digest leaves out what the token does not have, and takes the password as UTF-8', () => {
  const sha1 = (text: string) => createHash('sha1').update(text, 'utf8').digest('base64');
  assert.equal(passwordDigest(undefined, undefined, 'pä'), sha1('pä'));
  assert.equal(passwordDigest(Buffer.from('n'), 'c', 'p'), sha1('ncp'));
});
