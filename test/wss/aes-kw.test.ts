/** AES-KW with xmlsec1, both ways: WSS4J has keys that both sides know encrypt the data itself, and wraps none with them. */

import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { keyWraps, type KeyWrap } from '../../extproc/wss/algorithms.ts';
import { EMPTY_EXCHANGE } from '../../extproc/wss/exchange-state.ts';
import { DS, SOAP11, TYPE_ELEMENT, WSSE, XENC, XENC11 } from '../../extproc/wss/namespaces.ts';
import { verify } from '../../extproc/wss/verify.ts';
import { DEFAULT_LIMITS } from '../../extproc/xml/limits.ts';
import { BODY, encryptionSettings, NOW, order, readMessage, secureText } from '../support/securing.ts';
import { xmlsec1 } from '../support/xmlsec1.ts';

const kek = (wrap: KeyWrap): Buffer => randomBytes(keyWraps[wrap].keyBytes);

for (const wrap of Object.keys(keyWraps) as KeyWrap[]) {
  test(`xmlsec1 unwraps what ${wrap} of ours has wrapped`, async () => {
    const octets = kek(wrap);
    const recipient = { secret: createSecretKey(octets), name: 'shared' };
    const encryption = encryptionSettings({ recipient, keyTransport: 'AES-KW', keyIdentifier: 'KeyName' });
    const message = (await secureText(order(), { encryption })).bytes.toString();
    // xmlsec1 knows no SecurityTokenReference: the key moves to where one is.
    const key = /<xenc:EncryptedKey.*?<\/xenc:EncryptedKey>/.exec(message)?.[0] ?? '';
    const own = key.replace(/<xenc:ReferenceList.*<\/xenc:ReferenceList>/, '');
    const moved = message
      .replace(key, '')
      .replace(/<wsse:SecurityTokenReference.*?<\/wsse:SecurityTokenReference>/, own);
    const args = ['--decrypt', '--aeskey:shared', 'kek.bin', 'message.xml'];
    const clear = xmlsec1(args, { 'kek.bin': octets, 'message.xml': moved });
    assert.match(clear, /Zoë &amp; Co/);
    assert.throws(() => xmlsec1(args, { 'kek.bin': kek(wrap), 'message.xml': moved }));
  });

  test(`we unwrap what ${wrap} of xmlsec1 has wrapped`, () => {
    const octets = kek(wrap);
    const template =
      `<xenc:EncryptedData xmlns:xenc="${XENC}" Id="data" Type="${TYPE_ELEMENT}">` +
      `<xenc:EncryptionMethod Algorithm="${XENC11}aes256-gcm"/><ds:KeyInfo xmlns:ds="${DS}"><xenc:EncryptedKey>` +
      `<xenc:EncryptionMethod Algorithm="${keyWraps[wrap].uri}"/><ds:KeyInfo><ds:KeyName>shared</ds:KeyName></ds:KeyInfo>` +
      `<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>` +
      `<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>`;
    const clear =
      `<s:Envelope xmlns:s="${SOAP11}"><s:Header><w:Security xmlns:w="${WSSE}"><x:ReferenceList xmlns:x="${XENC}">` +
      `<x:DataReference URI="#data"/></x:ReferenceList></w:Security></s:Header><s:Body><a>Zoë</a></s:Body></s:Envelope>`;
    const files = { 'kek.bin': octets, 'template.xml': template, 'clear.xml': clear };
    const encrypted = xmlsec1(
      [
        ...['--encrypt', '--session-key', 'aes-256', '--aeskey:shared', 'kek.bin', '--xml-data', 'clear.xml'],
        ...['--node-xpath', `//*[local-name()='a']`, 'template.xml'],
      ],
      files,
    ).replace(/^<\?xml.*\?>\n/, '');
    assert.doesNotMatch(encrypted, /Zoë/);
    const decrypted = verify(
      readMessage(encrypted),
      {
        removeSecurityHeader: true,
        decryption: {
          keys: [{ key: createSecretKey(octets), name: 'shared' }],
          requiredParts: [BODY],
          accept: { dataAlgorithms: ['AES256-GCM'], keyTransports: ['AES-KW'] },
          requireSignedEncryptedData: false,
        },
        signatureConfirmation: false,
        replay: { window: 0, onCacheUnavailable: 'Refuse' },
      },
      { now: NOW, exchange: EMPTY_EXCHANGE, limits: DEFAULT_LIMITS },
    );
    assert.match(decrypted.bytes.toString(), /Zoë/);
  });
}
