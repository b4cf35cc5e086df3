/** Apinizer's policies that add something to messages: Username Token, Timestamp, To Target, Sign, Encrypt. */

import type { PhaseName, PolicyDraft, Section } from './draft.ts';
import * as enums from './enums.ts';
import type { Fields } from './fields.ts';

const ENTRIES = ['TIMESTAMP', 'USERNAME_TOKEN', 'ENCRYPTION', 'SIGNATURE'];

export function toTarget(draft: PolicyDraft, fields: Fields, phase: PhaseName): void {
  const list = fields.take('wsSecurityEntryOrderList');
  const entries = (list?.items ?? []).map((item) =>
    (item.text ?? item.object?.text('type', 'name', 'value') ?? '').toUpperCase(),
  );
  for (const entry of entries) {
    if (!ENTRIES.includes(entry)) {
      draft.findings.error(
        'UnknownAssertion',
        'wsSecurityEntryOrderList',
        list?.place ?? fields.place,
        `${entry} is none of ${ENTRIES.join(', ')}`,
      );
    }
  }
  if (entries.includes('TIMESTAMP')) timestamp(draft, fields, phase, 'tsTimeToLive');
  if (entries.includes('USERNAME_TOKEN')) usernameToken(draft, fields, phase, 'un');
  if (entries.includes('SIGNATURE')) sign(draft, fields, phase);
  if (entries.includes('ENCRYPTION')) encrypt(draft, fields, phase);
  const secure = draft.section(phase, 'secure');
  const [signature, encryption] = [entries.indexOf('SIGNATURE'), entries.indexOf('ENCRYPTION')];
  if (encryption >= 0 && encryption < signature) secure.order = 'EncryptThenSign';
  // What an entry that is not in the list has set is of no effect there either.
  fields.ignore(...UNUSED);
}

const UNUSED = [
  ...['tsTimeToLive', 'unUsername', 'unPassword', 'unPasswordDecrypted', 'unNonce', 'unCreated', 'unPasswordType'],
  ...[
    'encPartList',
    'encEmbeddedKeyName',
    'encKeyIdType',
    'encSymEncAlgorithm',
    'encKeyEncAlgorithm',
    'encKeyStoreName',
  ],
  ...[
    'sigPartList',
    'sigKeyIdType',
    'sigCustomKeyIdentifier',
    'sigCustomKeyIdentifierValueType',
    'sigSigAlgorithm',
    'sigC14n',
  ],
  ...['sigDigAlgorithm', 'sigUseSingleCert', 'sigWsiBSPCompliant', 'sigKeyStoreName', 'mustUnderstand'],
];

export function timestamp(draft: PolicyDraft, fields: Fields, phase: PhaseName, field: string): void {
  const { findings } = draft;
  mustUnderstand(draft, fields, phase);
  const value = fields.take(field);
  const seconds = value === undefined ? 300 : Number(value.text);
  if (seconds === 0) {
    findings.error(
      'NotExpressible',
      field,
      fields.placeOf(field),
      '0 means that messages never expire, which is not done; 24h stands there',
    );
  } else if (!Number.isInteger(seconds) || seconds < 0 || seconds > 86_400) {
    findings.error(
      'NotExpressible',
      field,
      fields.placeOf(field),
      'is no number of seconds from 1 to 86400; 300 stands there',
    );
  }
  const valid = Number.isInteger(seconds) && seconds > 0 && seconds <= 86_400;
  draft.section(phase, 'secure').timestamp = { ttl: seconds === 0 ? '24h' : `${valid ? seconds : 300}s` };
}

/** @param prefix of the fields, which the policy of its own has without */
export function usernameToken(draft: PolicyDraft, fields: Fields, phase: PhaseName, prefix: 'un' | ''): void {
  mustUnderstand(draft, fields, phase);
  const field = (name: string): string => (prefix === '' ? name : `un${name.charAt(0).toUpperCase()}${name.slice(1)}`);
  fields.ignore(field('username'), field('password'), field('passwordDecrypted'));
  const type = enums.passwordType(fields.take(field('passwordType')), field('passwordType'), draft.findings);
  const nonce = fields.flag(field('nonce'));
  const created = fields.flag(field('created'));
  draft.section(phase, 'secure').usernameToken = {
    credentials: { secretRef: draft.secret('login', 'kubernetes.io/basic-auth', ['username', 'password']) },
    passwordType: type,
    ...(type === 'Text' && nonce && { nonce }),
    ...(type === 'Text' && created && { created }),
  };
  draft.findings.note(
    'Elsewhere',
    field('password'),
    fields.placeOf(field('password')),
    'user name and password are not copied; write them into the Secret of the result',
  );
}

export function sign(draft: PolicyDraft, fields: Fields, phase: PhaseName): void {
  const { findings } = draft;
  mustUnderstand(draft, fields, phase);
  const parts = enums.parts(fields.take('sigPartList'), 'signed', findings);
  const algorithm = enums.signatureAlgorithm(fields.take('sigSigAlgorithm'), findings);
  const digest = enums.digest(fields.take('sigDigAlgorithm'), findings);
  const canonicalization = enums.canonicalization(fields.take('sigC14n'), findings);
  const identifier = fields.take('sigKeyIdType');
  const keyIdentifier = enums.keyIdentifier(identifier, 'sigKeyIdType', findings);
  for (const name of ['sigCustomKeyIdentifier', 'sigCustomKeyIdentifierValueType']) {
    if (fields.take(name) && identifier?.text === 'CUSTOM_KEY_INFO')
      findings.error('NotExpressible', name, fields.placeOf(name), 'references of one’s own making are not written');
  }
  const single = fields.flag('sigUseSingleCert') ?? false;
  if (!single && keyIdentifier === 'BinarySecurityToken') {
    findings.note(
      'Chosen',
      'sigUseSingleCert',
      fields.placeOf('sigUseSingleCert'),
      'false sends the whole chain (PKIPath); here the certificate alone goes, which every receiver takes that knows its issuer',
      ['spec', phase, 'secure', 'signature'],
    );
  }
  fields.ignore('sigWsiBSPCompliant');
  const section: Section = {
    keyRef: draft.key(fields.text('sigKeyStoreName')),
    ...(algorithm && { algorithm }),
    ...(digest && { digest }),
    ...(canonicalization && { canonicalization }),
    ...(keyIdentifier && { keyIdentifier: algorithm?.startsWith('HMAC') ? 'KeyName' : keyIdentifier }),
    parts: parts.length > 0 ? parts : [{ part: 'Body' }],
  };
  draft.section(phase, 'secure').signature = section;
  const covered = parts.some((part) => (part as { part?: string }).part === 'Timestamp');
  if (!covered && draft.section(phase, 'secure').timestamp) {
    findings.note(
      'Weak',
      'sigPartList',
      fields.placeOf('sigPartList'),
      'the Timestamp is not signed, so that anyone can give the message another; sign it if the backend takes that',
      ['spec', phase, 'secure', 'signature', 'parts'],
    );
  }
}

export function encrypt(draft: PolicyDraft, fields: Fields, phase: PhaseName): void {
  const { findings } = draft;
  mustUnderstand(draft, fields, phase);
  const parts = enums.parts(fields.take('encPartList'), 'encrypted', findings);
  const dataAlgorithm = enums.dataAlgorithm(fields.take('encSymEncAlgorithm'), findings);
  const keyTransport = enums.keyTransport(fields.take('encKeyEncAlgorithm'), findings);
  const keyIdentifier = enums.keyIdentifier(fields.take('encKeyIdType'), 'encKeyIdType', findings);
  const name = fields.take('encEmbeddedKeyName');
  if (name && keyIdentifier === 'KeyName') {
    findings.note(
      'Chosen',
      'encEmbeddedKeyName',
      name.place,
      "the name of the key is that of the certificate's subject here",
    );
  }
  draft.section(phase, 'secure').encryption = {
    recipientRef: draft.certificate(fields.text('encKeyStoreName')),
    ...(dataAlgorithm && { dataAlgorithm }),
    ...(keyTransport && { keyTransport }),
    ...(keyIdentifier && { keyIdentifier }),
    ...(parts.length > 0 && { parts }),
  };
}

function mustUnderstand(draft: PolicyDraft, fields: Fields, phase: PhaseName): void {
  if (fields.flag('mustUnderstand') === false) draft.section(phase, 'secure').mustUnderstand = false;
}
