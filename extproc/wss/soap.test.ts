import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scan } from '../xml/scan.ts';
import { SOAP11, SOAP12, ULTIMATE_RECEIVER_12, WSSE } from './namespaces.ts';
import {
  BodyDuplicatedError,
  BodyMissingError,
  ForeignElementError,
  HeaderAfterBodyError,
  HeaderDuplicatedError,
  NotAnEnvelopeError,
  operationOf,
  readSoap,
  securityHeaders,
  UnknownSoapVersionError,
} from './soap.ts';

const read = (xml: string) => readSoap(scan(Buffer.from(xml)));
const envelope = (content: string, namespace = SOAP11) => `<s:Envelope xmlns:s="${namespace}">${content}</s:Envelope>`;

test('finds the frame of both SOAP versions', () => {
  const message = read(`<?xml version="1.0"?>\n${envelope(' <s:Header/> <s:Body><a xmlns="urn:a"/></s:Body>\n')}`);
  assert.equal(message.version, '1.1');
  assert.deepEqual([message.envelope, message.header, message.body], [0, 1, 2]);
  const bare = read(envelope('<s:Body/>', SOAP12));
  assert.equal(bare.version, '1.2');
  assert.deepEqual([bare.header, bare.body], [-1, 1]);
});

test('refuses what is not one SOAP message, each in its own way', () => {
  const cases: [string, new (text: string) => Error, string][] = [
    ['<a/>', NotAnEnvelopeError, 'ERR_SOAP_NOT_AN_ENVELOPE'],
    ['<Envelope/>', UnknownSoapVersionError, 'ERR_SOAP_UNKNOWN_VERSION'],
    [envelope('<s:Body/>', 'urn:other'), UnknownSoapVersionError, 'ERR_SOAP_UNKNOWN_VERSION'],
    [envelope(''), BodyMissingError, 'ERR_SOAP_BODY_MISSING'],
    [envelope('<s:Header/>'), BodyMissingError, 'ERR_SOAP_BODY_MISSING'],
    [envelope('<s:Body/><s:Body/>'), BodyDuplicatedError, 'ERR_SOAP_BODY_DUPLICATED'],
    [envelope('<s:Header/><s:Header/><s:Body/>'), HeaderDuplicatedError, 'ERR_SOAP_HEADER_DUPLICATED'],
    [envelope('<s:Body/><s:Header/>'), HeaderAfterBodyError, 'ERR_SOAP_HEADER_AFTER_BODY'],
    [envelope('<s:Body/><a/>'), ForeignElementError, 'ERR_SOAP_FOREIGN_ELEMENT'],
    [envelope('<Body/><s:Body/>'), ForeignElementError, 'ERR_SOAP_FOREIGN_ELEMENT'],
    [
      `<s:Envelope xmlns:s="${SOAP11}" xmlns:t="${SOAP12}"><t:Body/></s:Envelope>`,
      ForeignElementError,
      'ERR_SOAP_FOREIGN_ELEMENT',
    ],
  ];
  for (const [xml, type, code] of cases) {
    assert.throws(
      () => read(xml),
      (error) => error instanceof type && 'code' in error && error.code === code && error.name === type.name,
      xml,
    );
  }
});

test('names the operation by the first child of the Body', () => {
  assert.equal(operationOf(read(envelope('<s:Body><o:Order xmlns:o="urn:o"/></s:Body>'))), '{urn:o}Order');
  assert.equal(operationOf(read(envelope('<s:Body><Order/></s:Body>'))), 'Order');
  assert.equal(operationOf(read(envelope('<s:Body>text</s:Body>'))), undefined);
});

test('finds the Security headers of one actor or role only', () => {
  const security = (attributes: string) => `<w:Security xmlns:w="${WSSE}" ${attributes}/>`;
  const message = read(
    envelope(
      `<s:Header>${security('')}<Security/>${security('s:actor="urn:gw"')}${security('s:actor=""')}` +
        `<s:a>${security('')}</s:a>${security('actor="urn:gw"')}</s:Header><s:Body>${security('')}</s:Body>`,
    ),
  );
  assert.equal(securityHeaders(message, undefined).length, 3);
  assert.equal(securityHeaders(message, '').length, 3);
  assert.deepEqual(securityHeaders(message, 'urn:gw'), [4]);
  assert.deepEqual(securityHeaders(message, 'urn:other'), []);

  const twelve = read(
    envelope(
      `<s:Header>${security(`s:role="${ULTIMATE_RECEIVER_12}"`)}${security('s:role="urn:gw"')}</s:Header><s:Body/>`,
      SOAP12,
    ),
  );
  assert.deepEqual(securityHeaders(twelve, undefined), [2]);
  assert.deepEqual(securityHeaders(twelve, ULTIMATE_RECEIVER_12), [2]);
  assert.deepEqual(securityHeaders(twelve, 'urn:gw'), [3]);
  assert.deepEqual(securityHeaders(read(envelope('<s:Body/>')), undefined), []);
});
