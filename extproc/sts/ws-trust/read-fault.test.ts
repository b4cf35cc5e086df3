import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SOAP11, SOAP12, WSSE } from '../../wss/namespaces.ts';
import { readTrustFault } from './read-fault.ts';
import { cxf, TRUST_13, TRUST_2005, wcf } from './testdata/answers.ts';
import { readMessage } from './testdata/settings.ts';

const envelope = (soap: string, fault: string): string =>
  `<s:Envelope xmlns:s="${soap}" xmlns:wst="${TRUST_13}" xmlns:t="${TRUST_2005}" xmlns:o="${WSSE}"><s:Body>${fault}</s:Body></s:Envelope>`;

const fault11 = (code: string): string =>
  envelope(SOAP11, `<s:Fault><faultcode>${code}</faultcode><faultstring>secret</faultstring></s:Fault>`);
const code12 = (value: string, inner = ''): string => `<s:Value>${value}</s:Value>${inner}`;
const sub = (content: string): string => `<s:Subcode>${content}</s:Subcode>`;
const fault12 = (code: string): string =>
  envelope(
    SOAP12,
    `<s:Fault><s:Code>${code}</s:Code><s:Reason><s:Text xml:lang="en">secret</s:Text></s:Reason></s:Fault>`,
  );

test('names of WS-Trust and of WS-Security, of any version', () => {
  assert.equal(readTrustFault(readMessage(fault11('wst:FailedAuthentication'))), 'FailedAuthentication');
  assert.equal(readTrustFault(readMessage(fault11(' t:InvalidScope\n'))), 'InvalidScope');
  assert.equal(readTrustFault(readMessage(fault11('o:MessageExpired'))), 'MessageExpired');
  const declared = `<s:Fault><faultcode xmlns:ns1="${TRUST_13}">ns1:RequestFailed</faultcode></s:Fault>`;
  assert.equal(readTrustFault(readMessage(envelope(SOAP11, declared))), 'RequestFailed');
  const subcode = sub(code12('wst:BadRequest'));
  assert.equal(readTrustFault(readMessage(fault12(code12('s:Sender', subcode)))), 'BadRequest');
  const nested = sub(code12('s:Other', sub(code12('o:InvalidSecurityToken'))));
  assert.equal(readTrustFault(readMessage(fault12(code12('s:Sender', nested)))), 'InvalidSecurityToken');
});

test('everything else is another reason', () => {
  for (const code of ['s:Server', 'wst:Unheard', 'FailedAuthentication', 'x:FailedAuthentication', 'wst:Other', '']) {
    assert.equal(readTrustFault(readMessage(fault11(code))), 'Other', code);
  }
  assert.equal(readTrustFault(readMessage(fault11('<wst:FailedAuthentication/>'))), 'Other');
  assert.equal(readTrustFault(readMessage(fault11(`${' '.repeat(1000)}wst:BadRequest`))), 'Other');
  assert.equal(readTrustFault(readMessage(envelope(SOAP11, '<s:Fault/>'))), 'Other');
  assert.equal(readTrustFault(readMessage(envelope(SOAP12, '<s:Fault/>'))), 'Other');
  const deep = Array.from({ length: 40 }).reduce<string>((inner) => sub(code12('s:Sender', inner)), '');
  assert.equal(readTrustFault(readMessage(fault12(code12('s:Sender', deep)))), 'Other');
});

test('what is no Fault of the version of the message is none', () => {
  assert.equal(readTrustFault(readMessage(cxf())), undefined);
  assert.equal(readTrustFault(readMessage(wcf())), undefined);
  assert.equal(readTrustFault(readMessage(envelope(SOAP11, ''))), undefined);
  assert.equal(readTrustFault(readMessage(envelope(SOAP11, `<f:Fault xmlns:f="${SOAP12}"/>`))), undefined);
});
