import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scan } from '../xml/scan.ts';
import * as errors from './errors.ts';
import { classifyFailure, FAULT_DETAIL, jsonFault, soapFault } from './faults.ts';
import { SOAP11, SOAP12, WSSE } from './namespaces.ts';
import { NotAnEnvelopeError, readSoap, UnknownSoapVersionError } from './soap.ts';

const options = { text: 'Refused <&>"', correlationId: 'a<b', senderFault: true } as const;

test('SOAP 1.1: the WSS code is the faultcode', () => {
  const message = readSoap(scan(soapFault('1.1', { ...options, wssCode: 'FailedCheck', errorCode: 'E&1' })));
  assert.equal(message.version, '1.1');
  const { index } = message;
  const fault = index.child(message.body, SOAP11, 'Fault');
  const [code, text, detail] = index.children(fault);
  assert.deepEqual(
    [code, text, detail].map((e) => `{${index.namespaceUri(e)}}${index.localName(e)}`),
    ['{}faultcode', '{}faultstring', '{}detail'],
  );
  assert.equal(index.text(code), 'wsse:FailedCheck');
  assert.equal(index.namespaceOf(code, 'wsse'), WSSE);
  assert.equal(index.text(text), options.text);
  const refusal = index.child(detail, FAULT_DETAIL, 'Refusal');
  assert.deepEqual(
    index.children(refusal).map((child) => index.text(child)),
    ['E&1', 'a<b'],
  );
});

test('SOAP 1.2: the WSS code is the Subcode', () => {
  const message = readSoap(scan(soapFault('1.2', { ...options, wssCode: 'MessageExpired' })));
  assert.equal(message.version, '1.2');
  const { index } = message;
  const [code, reason, detail] = index.children(index.child(message.body, SOAP12, 'Fault'));
  const [value, subcode] = index.children(code);
  assert.equal(index.text(value), 's:Sender');
  assert.equal(index.text(index.firstChild(subcode)), 'wsse:MessageExpired');
  assert.equal(index.namespaceOf(index.firstChild(subcode), 'wsse'), WSSE);
  assert.equal(index.text(index.firstChild(reason)), options.text);
  assert.equal(index.attribute(index.firstChild(reason), 'http://www.w3.org/XML/1998/namespace', 'lang'), 'en');
  assert.equal(index.localName(detail), 'Detail');
});

test('without a WSS code only whose fault it was is said', () => {
  const text = (version: '1.1' | '1.2', senderFault: boolean) =>
    soapFault(version, { ...options, senderFault }).toString();
  assert.match(text('1.1', true), /s:Client</);
  assert.match(text('1.1', false), /s:Server</);
  assert.match(text('1.2', true), /s:Sender</);
  assert.match(text('1.2', false), /s:Receiver</);
  assert.doesNotMatch(text('1.2', false), /Subcode/);
  assert.match(soapFault('1.1', { ...options, wssCode: 'VersionMismatch' }).toString(), />s:VersionMismatch</);
  assert.match(soapFault('1.2', { ...options, wssCode: 'VersionMismatch' }).toString(), /<s:Value>s:VersionMismatch</);
});

test('JSON says the same', () => {
  assert.deepEqual(JSON.parse(jsonFault({ ...options, wssCode: 'FailedCheck', errorCode: 'E' }).toString()), {
    error: { code: 'FailedCheck', errorCode: 'E', message: options.text, correlationId: 'a<b' },
  });
});

test('every error class has its own code and a WSS fault code, and is a refusal', () => {
  const codes = new Set<string>();
  for (const type of Object.values(errors)) {
    if (type === errors.WssError || type === errors.AddressingError || typeof type !== 'function') continue;
    const error = new (type as new (text: string) => errors.WssError)('reason');
    const failure = classifyFailure(error);
    assert.equal(failure.kind, 'Refused');
    assert.equal(failure.wssCode, error.faultCode);
    assert.match(failure.code, /^ERR_WSS_[A-Z0-9_]+$/);
    assert.ok(!codes.has(failure.code), failure.code);
    codes.add(failure.code);
    error.concealed = true;
    assert.equal(classifyFailure(error).wssCode, 'FailedCheck');
  }
  assert.ok(codes.size > 30);
});

test('what is no SOAP is malformed, and what we did not expect is our own fault', () => {
  assert.deepEqual(classifyFailure(new NotAnEnvelopeError('x')), {
    kind: 'Malformed',
    code: 'ERR_SOAP_NOT_AN_ENVELOPE',
    senderFault: true,
  });
  assert.equal(classifyFailure(new UnknownSoapVersionError('x')).wssCode, 'VersionMismatch');
  assert.throws(
    () => scan(Buffer.from('<a>')),
    (error) => classifyFailure(error).kind === 'Malformed',
  );
  for (const error of [new TypeError('x'), 'text', undefined]) {
    assert.deepEqual(classifyFailure(error), { kind: 'Internal', code: 'ERR_INTERNAL', senderFault: false });
  }
});
