/** Inputs of Boomi's (Mashery's) SOAP WS-Security connector, `key:value` a line -> a policy of ours. */

import { ConversionError, Findings, type Finding, type Place } from '../finding.ts';
import { commentsOf, resource, selfCheck, toYaml, type Comment, type Draft, type Naming } from '../manifests.ts';

type Section = Record<string, unknown>;

const DATA_ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ...['128', '192', '256'].flatMap((bits): [string, string][] => [
    [`aes${bits}-cbc`, `AES${bits}-CBC`],
    [`aes${bits}-gcm`, `AES${bits}-GCM`],
  ]),
]);
const KEY_TRANSPORTS: ReadonlyMap<string, string> = new Map([
  ['RSA15', 'RSA-1_5'],
  ['RSAOEP', 'RSA-OAEP-MGF1P'],
  ['RSAOAEP', 'RSA-OAEP-MGF1P'],
]);
const SIGNATURE = /^SHA(1|224|256|384|512)with(RSA|DSA|ECDSA)$/i;
/** Keys as the connector takes them, and other spellings of its documentation. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ...['enable_timestamp', 'timestamp_ttl', 'enable_signature', 'signature_algorithm', 'encryption_algorithm'].map(same),
  ...['key_transport_method', 'override_custom_error_message', 'validate_signature', 'enable_decryption'].map(same),
  ['enable_encyption', 'enable_encryption'],
  ['enable_encryption', 'enable_encryption'],
  ['timestamp_enable', 'enable_timestamp'],
  ['content_encryption_method', 'encryption_algorithm'],
]);
const MAX_LINES = 1000;

function same(key: string): [string, string] {
  return [key, key];
}

interface Input {
  readonly key: string;
  readonly value: string;
  readonly place: Place;
}

/**
 * Converts the pre-inputs and post-inputs together.
 *
 * @throws {ConversionError} if there is no line `key:value`
 */
export function convertBoomi(
  file: string,
  text: string,
  naming: Naming,
): { yaml: string; findings: readonly Finding[] } {
  const findings = new Findings();
  const inputs = readInputs(file, text, findings);
  const comments: Comment[] = [];
  const needed: string[] = [];
  const request = secureOf(inputs, naming, needed, findings);
  const response = verifyOf(inputs, naming, needed, findings);
  if (isOn(inputs, 'override_custom_error_message')) {
    const place = inputs.get('override_custom_error_message')?.place ?? {};
    findings.note(
      'Elsewhere',
      'override_custom_error_message',
      place,
      'the texts stand in the Control Center; write the one that clients may see into spec.faults.message',
    );
  }
  const spec = {
    ...(request && { request: { secure: request } }),
    ...(response && { response: { verify: response } }),
  };
  if (!request && !response)
    findings.note('Chosen', 'connector', { file }, 'nothing is enabled, so messages pass as they are');
  const drafts: Draft[] = [{ object: resource('WSSecurityPolicy', naming, spec), comments }];
  selfCheck(drafts, findings);
  const head = [
    `Converted from the inputs of Boomi's SOAP WS-Security connector: ${file.slice(file.lastIndexOf('/') + 1)}.`,
    ...(needed.length > 0 ? ['Make these objects first; the connector has its keys in JKS files:'] : []),
    ...needed.map((each) => `  ${each}`),
  ];
  const commented = drafts.map((draft) => ({ ...draft, comments: [...draft.comments, ...commentsOf(findings.all)] }));
  return { yaml: toYaml(commented, head), findings: findings.all };
}

function readInputs(file: string, text: string, findings: Findings): Map<string, Input> {
  const inputs = new Map<string, Input>();
  const lines = text.split('\n', MAX_LINES + 1);
  if (lines.length > MAX_LINES) throw new ConversionError(`${file}: more than ${MAX_LINES} lines`);
  for (const [index, line] of lines.entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const place = { file, line: index + 1, column: line.indexOf(trimmed) + 1 };
    const colon = trimmed.indexOf(':');
    const given = (colon < 0 ? trimmed : trimmed.slice(0, colon)).trim();
    const key = KEYS.get(given);
    if (key === undefined || colon < 0) {
      findings.error(
        'UnknownAssertion',
        given,
        place,
        `is no input of the connector; its keys are ${[...KEYS.keys()].join(', ')}`,
      );
      continue;
    }
    const input = { key: given, value: trimmed.slice(colon + 1).trim(), place };
    const known = inputs.get(key);
    if (known !== undefined && known.value !== input.value && key !== 'override_custom_error_message') {
      findings.error(
        'NotExpressible',
        given,
        place,
        `has another value in line ${known.place.line ?? 0}; the first is used`,
      );
    } else inputs.set(key, input);
  }
  if (inputs.size === 0)
    throw new ConversionError(`${file}: there is no input of the connector, a line such as enable_signature:true`);
  return inputs;
}

function isOn(inputs: ReadonlyMap<string, Input>, key: string): boolean {
  return inputs.get(key)?.value.toLowerCase() === 'true';
}

function secureOf(
  inputs: ReadonlyMap<string, Input>,
  { name }: Naming,
  needed: string[],
  findings: Findings,
): Section | undefined {
  const sections: Section = {};
  if (isOn(inputs, 'enable_timestamp')) sections.timestamp = { ttl: ttlOf(inputs.get('timestamp_ttl'), findings) };
  if (isOn(inputs, 'enable_signature')) {
    needed.push(
      `Secret ${name}-key, tls.crt and tls.key: the certificate and private key of the connector, for its algorithm (type kubernetes.io/tls).`,
    );
    sections.signature = {
      keyRef: { name: `${name}-key` },
      algorithm: signatureAlgorithm(inputs.get('signature_algorithm'), findings),
      keyIdentifier: 'BinarySecurityToken',
      parts: [{ part: 'Body' }],
    };
    if (sections.timestamp) {
      findings.note(
        'Weak',
        'enable_signature',
        inputs.get('enable_signature')?.place ?? {},
        'the connector signs the Body only; sign the Timestamp too (parts) if the backend takes it',
        [...['spec', 'request', 'secure', 'signature', 'parts']],
      );
    }
  }
  if (isOn(inputs, 'enable_encryption')) {
    needed.push(`ConfigMap ${name}-partner-cert, tls.crt: PEM of the certificate that requests are encrypted for.`);
    const [data, transport] = [inputs.get('encryption_algorithm'), inputs.get('key_transport_method')];
    const dataAlgorithm = DATA_ALGORITHMS.get(data?.value.toLowerCase() ?? 'aes128-cbc');
    const keyTransport = KEY_TRANSPORTS.get(transport?.value.toUpperCase() ?? 'RSAOEP');
    if (data && dataAlgorithm === undefined) {
      const triple = data.value.toLowerCase() === 'tripledes-cbc';
      findings.error(
        'NotExpressible',
        data.key,
        data.place,
        triple
          ? 'TripleDES is read and never written; aes128-cbc stands there, ask the backend whether it takes that'
          : `${data.value} is no algorithm of the connector; aes128-cbc stands there`,
      );
    }
    if (transport && keyTransport === undefined) {
      findings.error(
        'NotExpressible',
        transport.key,
        transport.place,
        `${transport.value} is none of RSA15 and RSAOEP; RSAOEP stands there`,
      );
    }
    sections.encryption = {
      recipientRef: { kind: 'ConfigMap', name: `${name}-partner-cert` },
      dataAlgorithm: dataAlgorithm ?? 'AES128-CBC',
      keyTransport: keyTransport ?? 'RSA-OAEP-MGF1P',
    };
  }
  return Object.keys(sections).length === 0 ? undefined : { preset: 'Boomi', ...sections };
}

function ttlOf(input: Input | undefined, findings: Findings): string {
  if (input === undefined) return '300s';
  const seconds = /^\d{1,9}$/.test(input.value) ? Number(input.value) : 0;
  if (seconds >= 1 && seconds <= 3600) return `${seconds}s`;
  findings.error(
    'NotExpressible',
    input.key,
    input.place,
    `${input.value} is no number of seconds from 1 to 3600; 300 stands there`,
  );
  return '300s';
}

function signatureAlgorithm(input: Input | undefined, findings: Findings): string {
  const [, hash, key] = SIGNATURE.exec(input?.value ?? 'SHA1withRSA') ?? [];
  if (input !== undefined && (hash === undefined || key === undefined)) {
    findings.error(
      'NotExpressible',
      input.key,
      input.place,
      `${input.value} is no algorithm of the connector; SHA256withRSA stands there`,
    );
    return 'RSA-SHA256';
  }
  const family = (key ?? 'RSA').toUpperCase();
  if (input !== undefined && (family === 'DSA' || (family === 'ECDSA' && hash === '224'))) {
    findings.error(
      'NotExpressible',
      input.key,
      input.place,
      `${input.value} is not made here; SHA256withRSA stands there, which needs an RSA key`,
    );
    return 'RSA-SHA256';
  }
  return `${family}-SHA${hash ?? '1'}`;
}

function verifyOf(
  inputs: ReadonlyMap<string, Input>,
  { name }: Naming,
  needed: string[],
  findings: Findings,
): Section | undefined {
  const sections: Section = {};
  const decrypts = inputs.get('enable_decryption');
  if (decrypts && isOn(inputs, 'enable_decryption')) {
    const key = `Secret ${name}-key, tls.crt and tls.key: the certificate and private key of the connector, for its algorithm (type kubernetes.io/tls).`;
    if (!needed.includes(key)) needed.push(key);
    sections.decryption = { keyRefs: [{ name: `${name}-key` }] };
    findings.note(
      'Stricter',
      decrypts.key,
      decrypts.place,
      'the connector opens whatever algorithm it finds; here CBC and RSA-1_5 must be listed under accept if the backend uses them',
      ['spec', 'response', 'verify', 'decryption'],
    );
    findings.note(
      'Chosen',
      decrypts.key,
      decrypts.place,
      'the connector leaves the Security header in the answer; here it is removed (removeSecurityHeader)',
      ['spec', 'response', 'verify'],
    );
  }
  const validates = inputs.get('validate_signature');
  if (validates && isOn(inputs, 'validate_signature')) {
    needed.push(
      `ConfigMap ${name}-partner-ca, ca.crt: PEM of the certificate that answers are signed with (pin: true), or of its authorities.`,
    );
    sections.signature = {
      trustRefs: [{ kind: 'ConfigMap', name: `${name}-partner-ca`, key: 'ca.crt' }],
      requiredParts: [{ part: 'Body' }],
    };
    findings.note(
      'Stricter',
      validates.key,
      validates.place,
      'the connector does not say what must be signed; here the Body must be, and SHA-1 must be listed under accept if the backend uses it',
      ['spec', 'response', 'verify', 'signature'],
    );
  }
  if (validates ?? decrypts) {
    const { key, place } = validates ?? decrypts ?? { key: '', place: {} };
    if (Object.keys(sections).length > 0) {
      findings.note(
        'Stricter',
        key,
        place,
        'the connector forwards Faults without security; here they are refused unless spec.faults.unsignedBackendFaults is Pass',
      );
    }
  }
  return Object.keys(sections).length === 0 ? undefined : sections;
}
