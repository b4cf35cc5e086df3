/**
 * Documents that hurt the parser, or that two parsers read differently (CVE-2013-6440, CVE-2013-2160, CVE-2022-39353,
 * CVE-2022-37616, CVE-2026-41673): refused before any of WS-Security is looked at, in linear time and with bounded memory.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { body, check, envelope, honest, refusal, security, settings } from './forge.ts';

const genuine = honest();
const inBody = (content: string): string => envelope(security(''), body(content));
const lax = settings({ timestamp: undefined, signature: undefined });

const rows: [string, string | Buffer, string][] = [
  ['an external DTD', `<!DOCTYPE s:Envelope SYSTEM "http://127.0.0.1:1/x.dtd">${genuine}`, 'ERR_XML_DOCTYPE'],
  ['an external entity', `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${genuine}`, 'ERR_XML_DOCTYPE'],
  ['a billion laughs', `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>${genuine}`, 'ERR_XML_DOCTYPE'],
  ['a DOCTYPE inside the Body', inBody('<!DOCTYPE x>'), 'ERR_XML_DOCTYPE'],
  ['an undeclared entity', inBody('&e;'), 'ERR_XML_NOT_WELL_FORMED'],
  ['a reference to an illegal character', inBody('&#0;'), 'ERR_XML_NOT_WELL_FORMED'],
  ['two roots', genuine + genuine, 'ERR_XML_NOT_WELL_FORMED'],
  ['text after the root', `${genuine}x`, 'ERR_XML_NOT_WELL_FORMED'],
  ['a truncated message', genuine.slice(0, -3), 'ERR_XML_NOT_WELL_FORMED'],
  ['an attribute twice', inBody('<a b="" b=""/>'), 'ERR_XML_NOT_WELL_FORMED'],
  [
    'an attribute twice under two prefixes',
    inBody('<a xmlns:p="u" xmlns:q="u" p:b="" q:b=""/>'),
    'ERR_XML_NOT_WELL_FORMED',
  ],
  ['an unbound prefix', inBody('<p:a/>'), 'ERR_XML_NOT_WELL_FORMED'],
  ['the xml prefix bound to something else', inBody('<a xmlns:xml="urn:x"/>'), 'ERR_XML_NOT_WELL_FORMED'],
  ['a NUL', inBody('\0'), 'ERR_XML_NOT_WELL_FORMED'],
  ['UTF-16', Buffer.from(`\ufeff${genuine}`, 'utf16le'), 'ERR_XML_ENCODING'],
  ['UTF-7 by declaration', `<?xml version="1.0" encoding="UTF-7"?>${genuine}`, 'ERR_XML_ENCODING'],
  ['invalid UTF-8', Buffer.concat([Buffer.from(genuine.slice(0, -20)), Buffer.of(0xc0, 0xaf)]), 'ERR_XML_ENCODING'],
  ['XML 1.1', `<?xml version="1.1"?>${genuine}`, 'ERR_XML_VERSION'],
  ['elements 101 deep', inBody('<a>'.repeat(101) + '</a>'.repeat(101)), 'ERR_XML_LIMIT'],
  ['elements a million deep', inBody('<a>'.repeat(1_000_000)), 'ERR_XML_LIMIT'],
  ['200,001 elements', inBody('<a/>'.repeat(200_001)), 'ERR_XML_LIMIT'],
  ['65 attributes', inBody(`<a ${numbers(65, (n) => `a${n}=""`)}/>`), 'ERR_XML_LIMIT'],
  ['65 namespaces', inBody(`<a ${numbers(65, (n) => `xmlns:a${n}="urn:${n}"`)}/>`), 'ERR_XML_LIMIT'],
  ['a name of 257 bytes', inBody(`<${'a'.repeat(257)}/>`), 'ERR_XML_LIMIT'],
  ['11 MiB', inBody('x'.repeat(11 * 1024 * 1024)), 'ERR_XML_LIMIT'],
  ['two Bodies', envelope(security(''), body() + body()), 'ERR_SOAP_BODY_DUPLICATED'],
  ['two Headers', envelope('').replace('</s:Header>', '</s:Header><s:Header/>'), 'ERR_SOAP_HEADER_DUPLICATED'],
  ['an element beside the Body', envelope('', body() + '<x/>'), 'ERR_SOAP_FOREIGN_ELEMENT'],
  [
    'an envelope of no SOAP version',
    genuine.replace('http://schemas.xmlsoap.org/soap/envelope/', 'urn:soap'),
    'ERR_SOAP_UNKNOWN_VERSION',
  ],
  ['no envelope', '<html/>', 'ERR_SOAP_NOT_AN_ENVELOPE'],
];

function numbers(count: number, make: (number: number) => string): string {
  return Array.from({ length: count }, (_, number) => make(number)).join(' ');
}

for (const [name, xml, code] of rows) {
  test(`refuses: ${name}`, () => assert.equal(refusal(xml, lax), code));
}

test('names of JavaScript’s own are names like others', () => {
  const xml = inBody('<__proto__ constructor="x" toString="y"><hasOwnProperty/></__proto__>');
  const { index, body: content } = check(xml, lax).message;
  assert.equal(index.localName(index.firstChild(content)), '__proto__');
  const id = honest().replaceAll('Body-1', '__proto__');
  assert.equal(refusal(id), 'ERR_WSS_SIGNATURE_INVALID', 'SignedInfo was changed, and nothing else failed');
});
