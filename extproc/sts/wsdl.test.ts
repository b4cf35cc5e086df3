import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { portOfWsdl, WsdlError } from './wsdl.ts';

const WSDL = 'http://schemas.xmlsoap.org/wsdl/';
const port = (name: string, version: '1.1' | '1.2', url = `https://sts/${name}`, binding = `${name}Binding`): string =>
  `<wsdl:port name="${name}" binding="tns:${binding}"><${version === '1.1' ? 'soap' : 'soap12'}:address location="${url}"/></wsdl:port>`;
const service = (name: string, ...ports: readonly string[]): string =>
  `<wsdl:service name="${name}">${ports.join('\n')}</wsdl:service>`;
const binding = (name: string, version: '1.1' | '1.2'): string =>
  `<wsdl:binding name="${name}" type="tns:STS"><${version === '1.1' ? 'soap' : 'soap12'}:binding transport="http://x"/></wsdl:binding>`;
const wsdl = (...content: readonly string[]): Buffer =>
  Buffer.from(
    `<?xml version="1.0"?><wsdl:definitions xmlns:wsdl="${WSDL}" xmlns:soap="${WSDL}soap/" xmlns:soap12="${WSDL}soap12/" ` +
      `xmlns:http="${WSDL}http/" xmlns:tns="urn:sts" targetNamespace="urn:sts"><wsdl:types/>${content.join('\n')}</wsdl:definitions>`,
  );

const refused = (bytes: Uint8Array, why: RegExp, ...names: readonly string[]): void =>
  assert.throws(
    () => portOfWsdl(bytes, ...names),
    (error) => error instanceof WsdlError && error.code === 'ERR_WSDL' && why.test(error.message),
  );

test('the only port for SOAP needs no name', () => {
  assert.deepEqual(portOfWsdl(wsdl(service('S', port('P', '1.2', ' https://sts/a?b=1&amp;c=2 ')))), {
    url: 'https://sts/a?b=1&c=2',
    soapVersion: '1.2',
  });
  const http = '<wsdl:port name="H" binding="tns:H"><http:address location="http://sts/"/></wsdl:port>';
  assert.equal(portOfWsdl(wsdl(service('S', http, port('P', '1.1')))).soapVersion, '1.1');
});

const several = wsdl(
  service('One', port('P11', '1.1'), port('P12', '1.2')),
  service('Two', port('P11', '1.1', 'https://two/')),
);

test('several are told apart by the names of service and port', () => {
  assert.equal(portOfWsdl(several, 'Two').url, 'https://two/');
  assert.equal(portOfWsdl(several, undefined, 'P12').url, 'https://sts/P12');
  assert.equal(portOfWsdl(several, 'One', 'P11').url, 'https://sts/P11');
  refused(several, /several ports.*P11 \(SOAP 1\.1\) of One, P12 \(SOAP 1\.2\) of One, P11 \(SOAP 1\.1\) of Two/);
  refused(several, /several ports/, 'One');
});

test('says what there is when there is no such port, and no address', () => {
  refused(several, /no such port for SOAP; it has P11/, 'Three');
  refused(several, /no such port/, 'Two', 'P12');
  refused(wsdl(), /no port for SOAP; it has no port for SOAP at all/);
  refused(wsdl(service('S', '<wsdl:port name="P" binding="tns:B"/>')), /at all/);
  refused(wsdl(service('S', '<wsdl:port name="P" binding="tns:B"><soap:address/></wsdl:port>')), /at all/);
  refused(several, /^(?!.*https:)/);
  const many = wsdl(service('S', ...Array.from({ length: 5000 }, (_, i) => port(`${'N'.repeat(100)}${i}`, '1.1'))));
  refused(many, /^.{0,1200}and 4990 more$/);
});

test('the binding says which SOAP it is, where it stands in the document', () => {
  const mixed = (version: '1.1' | '1.2') =>
    wsdl(binding('B', version), service('S', port('P', '1.1', 'https://x/', 'B')));
  assert.equal(portOfWsdl(mixed('1.2')).soapVersion, '1.2');
  assert.equal(portOfWsdl(mixed('1.1')).soapVersion, '1.1');
});

test('what is no WSDL 1.1 is refused', () => {
  refused(Buffer.from(''), /cannot be read/);
  refused(Buffer.from('<a/>'), /no WSDL 1\.1/);
  refused(Buffer.from(`<!DOCTYPE a>${wsdl().toString()}`), /cannot be read/);
  refused(Buffer.from('<description xmlns="http://www.w3.org/ns/wsdl"/>'), /no WSDL 1\.1/);
  refused(Buffer.from(`<a>${'b'.repeat(2 * 1024 * 1024)}</a>`), /cannot be read/);
});

test('no change of a WSDL does more than have it refused', () => {
  fc.assert(
    fc.property(fc.nat(several.length), fc.nat(40), fc.uint8Array({ maxLength: 3 }), (at, removed, inserted) => {
      const bytes = Buffer.concat([several.subarray(0, at), inserted, several.subarray(at + removed)]);
      try {
        portOfWsdl(bytes, 'Two', 'P11');
      } catch (error) {
        assert.ok(error instanceof WsdlError, String(error));
      }
    }),
  );
});
