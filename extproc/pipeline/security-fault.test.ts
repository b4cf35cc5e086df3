import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { soapFault, type FaultCode } from '../wss/faults.ts';
import { SOAP11, SOAP12 } from '../wss/namespaces.ts';
import { isSecurityFault, mayBeFault } from './security-fault.ts';

const response = (status: number, headers: Record<string, string> = {}) => ({
  status,
  headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
});
const fault = (version: '1.1' | '1.2', wssCode?: FaultCode) =>
  soapFault(version, {
    ...{ text: 'no', correlationId: 'id', senderFault: true },
    ...(wssCode !== undefined && { wssCode }),
  });
const fault11 = (faultcode: string) =>
  Buffer.from(
    `<s:Envelope xmlns:s="${SOAP11}"><s:Body><s:Fault>${faultcode}<faultstring>x</faultstring></s:Fault></s:Body></s:Envelope>`,
  );

test('the codes of WSS, of WS-Trust and the general one of WSS4J speak of security', () => {
  assert.equal(isSecurityFault(response(500), fault('1.1', 'InvalidSecurityToken')), true);
  assert.equal(isSecurityFault(response(400), fault('1.2', 'FailedAuthentication')), true);
  for (const namespace of ['http://ws.apache.org/wss4j', 'http://docs.oasis-open.org/ws-sx/ws-trust/200512']) {
    const code = `<faultcode xmlns:n="${namespace}">n:SecurityError</faultcode>`;
    assert.equal(isSecurityFault(response(500), fault11(code)), true, namespace);
  }
});

test('a Subcode in a Subcode counts', () => {
  const text = fault('1.2').toString();
  const nested =
    '<s:Subcode><s:Value xmlns:a="urn:app">a:Denied</s:Value><s:Subcode>' +
    '<s:Value xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">w:FailedCheck</s:Value>' +
    '</s:Subcode></s:Subcode></s:Code>';
  assert.equal(isSecurityFault(response(500), Buffer.from(text.replace('</s:Code>', nested))), true);
});

test('other Faults, other answers and what cannot be read do not', () => {
  const cases: [string, Buffer | undefined][] = [
    ['no code', fault('1.1')],
    ['of the application', fault11('<faultcode xmlns:a="urn:app">a:Denied</faultcode>')],
    ['an undeclared prefix', fault11('<faultcode>wsse:FailedCheck</faultcode>')],
    ['an element in the code', fault11('<faultcode><wsse/></faultcode>')],
    ['none', Buffer.from(`<s:Envelope xmlns:s="${SOAP12}"><s:Body/></s:Envelope>`)],
    ['no XML', Buffer.from('<html>')],
    ['no body', undefined],
    ['empty', Buffer.alloc(0)],
  ];
  for (const [name, body] of cases) assert.equal(isSecurityFault(response(500), body), false, name);
  assert.equal(isSecurityFault(response(200), fault('1.1', 'FailedCheck')), false);
});

test('a compressed Fault is read, within bounds', () => {
  const gzip = response(500, { 'content-encoding': 'gzip' });
  assert.equal(isSecurityFault(gzip, zlib.gzipSync(fault('1.1', 'FailedCheck'))), true);
  assert.equal(isSecurityFault(gzip, zlib.gzipSync(Buffer.alloc(1e6, ' '))), false);
  assert.equal(mayBeFault(response(500, { 'content-length': '70000' })), false);
  assert.equal(mayBeFault(response(500)), true);
});

test('nothing larger than a Fault is read', () => {
  const long = fault('1.1', 'FailedCheck')
    .toString()
    .replace('>no<', `>${'x'.repeat(70_000)}<`);
  assert.equal(isSecurityFault(response(500), Buffer.from(long)), false);
});

test('no bytes make it throw', () => {
  const good = fault('1.2', 'FailedCheck');
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }), (edits) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of edits) bytes[at] = value;
      isSecurityFault(response(500), bytes);
    }),
  );
});
