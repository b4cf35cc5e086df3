/** Apache WSS4J through the harness of the interoperability tests. */

import { SOAP11, SOAP12, WSU, XENC, XENC11 } from '../../extproc/wss/namespaces.ts';
import type { Pki } from '../../test/support/pki.ts';
import { Wss4j, type Fields, type Wss4jEngine } from '../../test/interop/wss4j.ts';
import { residentMb } from '../measure.ts';
import { policy, type Engine, type Operation, type Run, type Sample } from '../operation.ts';

const signature: Fields = {
  'sig.key': 'signer',
  'sig.algorithm': 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'sig.digest': `${XENC}sha256`,
  'sig.c14n': 'http://www.w3.org/2001/10/xml-exc-c14n#',
  'sig.keyIdentifier': 'BinarySecurityToken',
};
const encryption: Fields = {
  'enc.key': 'recipient',
  'enc.data': `${XENC11}aes256-gcm`,
  'enc.transport': `${XENC11}rsa-oaep`,
  'enc.digest': `${XENC}sha256`,
  'enc.mgf': `${XENC11}mgf1sha256`,
  'enc.keyIdentifier': 'IssuerSerial',
};
const usernameToken: Fields = { 'ut.user': policy.username, 'ut.password': policy.password, 'ut.type': 'Digest' };
const checking: Fields = { measure: 'verify', ignoreBsp: 'R5621;R5620' };

const requests: Record<Operation, Fields> = {
  sign: { measure: 'secure', actions: 'Timestamp;Signature', ...signature },
  encrypt: { measure: 'secure', actions: 'Encryption', ...encryption },
  'sign+encrypt': { measure: 'secure', actions: 'Timestamp;Signature;Encryption', ...signature, ...encryption },
  'ts+ut-create': { measure: 'secure', actions: 'Timestamp;UsernameToken', ...usernameToken },
  verify: checking,
  decrypt: checking,
  'decrypt+verify': checking,
  'ts+ut-verify': checking,
};

/** The parts, in the namespace of the message's version. */
function partsOf(message: Buffer): Fields {
  const soap = message.subarray(0, 2000).includes(SOAP12) ? SOAP12 : SOAP11;
  return { 'sig.parts': `Element|${soap}|Body;Element|${WSU}|Timestamp`, 'enc.parts': `Content|${soap}|Body` };
}

/** One Java process that serves the DOM and the streaming engine. */
export async function startWss4j(pki: Pki, provider: 'java' | 'conscrypt'): Promise<Engine[]> {
  const wss4j = await Wss4j.start(pki, { conscrypt: provider === 'conscrypt' });
  await wss4j.call('user', { name: policy.username, password: policy.password });
  const suffix = provider === 'conscrypt' ? '+conscrypt' : '';
  return (['dom', 'stax'] as const).map((engine) => ({
    name: `wss4j-${engine}${suffix}`,
    warmsSlowly: true,
    supports: () => true,
    run: (run) => runOnce(wss4j, engine, run),
    close: () => wss4j.close(),
  }));
}

async function runOnce(wss4j: Wss4j, engine: Wss4jEngine, run: Run): Promise<Sample> {
  const { operation, milliseconds, atLeast, message } = run;
  const limits = { milliseconds: String(milliseconds), atLeast: String(atLeast) };
  const { fields } = await wss4j.call(
    'bench',
    { engine, ...requests[operation], ...partsOf(message), ...limits },
    message,
  );
  const number = (name: string) => Number(fields[name]) / 1e6;
  const count = Number(fields['count']);
  return {
    count,
    cpu: number('cpuNanos') / count,
    wall: number('wallNanos'),
    p50: number('p50Nanos'),
    p99: number('p99Nanos'),
    rssMb: residentMb(wss4j.pid),
  };
}
