import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenAnswerError } from '../errors.ts';
import type { WsTrustSettings } from '../settings.ts';
import { readTrustAnswer, type TrustAnswer } from './read-answer.ts';
import * as answers from './testdata/answers.ts';
import { readMessage, trustSettings } from './testdata/settings.ts';
import type { Operation } from './versions.ts';

const { bare, CREATED, cxf, dataPower, EXPIRES, ping, saml1, saml2, wcf } = answers;
const { PROFILE_10, PROFILE_11, SAML1, SAML2, TRUST_13, TRUST_2005 } = answers;
const OLD = { version: '2005-02', tokenType: 'SAML1' } as const;

function read(
  xml: string,
  changes: Partial<WsTrustSettings> = {},
  operation: Operation = 'Issue',
): ReturnType<typeof readTrustAnswer> {
  const request = { body: '', action: '' };
  return readTrustAnswer(readMessage(xml), request, operation, trustSettings(changes), { keys: [] });
}

function issued(xml: string, changes: Partial<WsTrustSettings> = {}, operation: Operation = 'Issue'): TrustAnswer {
  const answer = read(xml, changes, operation);
  assert.ok(answer !== undefined && 'token' in answer);
  return answer;
}

const refused = (xml: string, why: RegExp, changes: Partial<WsTrustSettings> = {}, operation: Operation = 'Issue') =>
  assert.throws(
    () => read(xml, changes, operation),
    (error) => error instanceof TokenAnswerError && why.test(error.message),
  );

const bytes = ({ token }: TrustAnswer): string => Buffer.from(token.bytes).toString();
const BY_ID2 = {
  form: 'KeyIdentifier',
  value: '_a1',
  valueType: `${PROFILE_11}#SAMLID`,
  tokenType: `${PROFILE_11}#SAMLV2.0`,
};
const BY_ID1 = {
  form: 'KeyIdentifier',
  value: '_b2',
  valueType: `${PROFILE_10}#SAMLAssertionID`,
  tokenType: `${PROFILE_11}#SAMLV1.1`,
};

test('reads what Apache CXF answers', () => {
  const answer = issued(cxf());
  // The default namespace and three prefixes are declared around it: only the default one could mean anything inside.
  assert.equal(bytes(answer), saml2().replace('<saml2:Assertion', `<saml2:Assertion xmlns="${TRUST_13}"`));
  assert.deepEqual({ ...answer, token: answer.token.reference }, { token: BY_ID2, created: CREATED, expires: EXPIRES });
  assert.equal(answer.token.secret, undefined);
});

test('reads what WCF and AD FS answer', () => {
  const answer = issued(wcf(), OLD);
  assert.equal(bytes(answer), saml1());
  assert.deepEqual({ ...answer, token: answer.token.reference }, { token: BY_ID1, created: CREATED, expires: EXPIRES });
});

test('reads what Ping answers, and takes along the prefixes of its envelope', () => {
  const token = `<saml:Assertion ID='_p' Version="2.0"><saml:Conditions/></saml:Assertion >`;
  const answer = issued(ping({ token }));
  assert.equal(bytes(answer), token.replace('Assertion', `Assertion xmlns:saml="${SAML2}"`));
  assert.deepEqual(answer.token.reference, { ...BY_ID2, value: '_p' });
  assert.equal(answer.expires, EXPIRES);
});

test('reads what DataPower answers, white space and comments around the token left out', () => {
  const answer = issued(dataPower());
  assert.equal(bytes(answer), saml2());
  assert.deepEqual(answer.token.reference, BY_ID2);
  assert.deepEqual([answer.created, answer.expires], [undefined, EXPIRES]);
});

test('a token is no more than bytes: encrypted, binary, or of a kind that nobody knows', () => {
  const type = { tokenType: 'urn:x' };
  const encrypted = `<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#"><x:CipherData/></x:EncryptedData>`;
  for (const token of [encrypted, '<q:Token xmlns:q="urn:q">a<![CDATA[<]]>b</q:Token>']) {
    const xml = bare(
      `<t:RequestSecurityTokenResponse><t:RequestedSecurityToken>${token}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>`,
    );
    const answer = issued(xml, type);
    assert.equal(bytes(answer), token);
    assert.deepEqual(answer, { token: answer.token });
    assert.equal(answer.token.reference, undefined);
    refused(xml, /how a signature can refer/, { ...type, keyType: 'Public' });
  }
  // It says by itself what it is, whatever it is wrapped in.
  assert.equal(bytes(issued(ping({ token: encrypted }))), encrypted);
});

const reference = (inner: string, type = ''): string =>
  `<wst:RequestedAttachedReference><wsse:SecurityTokenReference${type}>${inner}</wsse:SecurityTokenReference></wst:RequestedAttachedReference>`;

test('refers to the token as the answer says', () => {
  const direct = ping({ more: reference(`<wsse:Reference URI="#_x" ValueType="urn:v"/>`) });
  assert.deepEqual(issued(direct).token.reference, { form: 'Direct', value: '_x', valueType: 'urn:v' });
  const named = ping({ more: reference(`<wsse:KeyIdentifier ValueType="urn:v"> k&amp;1 </wsse:KeyIdentifier>`) });
  assert.deepEqual(issued(named).token.reference, { form: 'KeyIdentifier', value: 'k&1', valueType: 'urn:v' });
  const untyped = ping({
    more: reference(`<wsse:KeyIdentifier ValueType="${PROFILE_11}#SAMLID">_y</wsse:KeyIdentifier>`),
  });
  assert.deepEqual(issued(untyped).token.reference, { ...BY_ID2, value: '_y' });
});

test('falls back on the other reference, and on the identifier of the assertion', () => {
  for (const inner of [
    '<wsse:Embedded/>',
    '<wsse:Reference URI="urn:uuid:1"/>',
    '<wsse:Reference URI="#"/>',
    '<wsse:KeyIdentifier EncodingType="urn:e" ValueType="urn:v">AA==</wsse:KeyIdentifier>',
    '<wsse:KeyIdentifier> </wsse:KeyIdentifier>',
    '<wsse:Reference URI="#a"/><wsse:Reference URI="#b"/>',
    '',
  ]) {
    assert.deepEqual(issued(ping({ more: reference(inner) })).token.reference, BY_ID2, inner);
  }
  for (const nameless of ['<saml:Assertion/>', '<saml:Assertion ID=""/>']) {
    assert.equal(issued(ping({ token: nameless })).token.reference, undefined);
    refused(ping({ token: nameless }), /how a signature can refer/, { keyType: 'Public' });
  }
  const unattached = (inner: string) =>
    ping({ more: reference(inner).replaceAll('RequestedAttached', 'RequestedUnattached') });
  const byName = issued(unattached('<wsse:KeyIdentifier ValueType="urn:v">k</wsse:KeyIdentifier>'));
  assert.equal(byName.token.reference?.value, 'k');
  assert.deepEqual(issued(unattached('<wsse:Reference URI="#_x"/>')).token.reference, BY_ID2);
});

test('an assertion that ends before its Lifetime says when the token ends', () => {
  assert.equal(issued(cxf({ token: saml2(EXPIRES - 1) })).expires, EXPIRES - 1);
  assert.equal(issued(cxf({ token: saml2(EXPIRES + 1) })).expires, EXPIRES);
  assert.equal(issued(wcf({ token: saml1(EXPIRES - 1) }), OLD).expires, EXPIRES - 1);
  const forever = `<saml:Assertion ID="_p"/>`;
  assert.equal(issued(ping({ token: forever, lifetime: '' })).expires, undefined);
  refused(
    ping({ token: '<saml:Assertion ID="_p"><saml:Conditions NotOnOrAfter="soon"/></saml:Assertion>' }),
    /NotOnOrAfter/,
  );
});

test('a Lifetime that cannot be read is refused', () => {
  const lifetime = (inner: string) => ping({ lifetime: `<wst:Lifetime>${inner}</wst:Lifetime>` });
  for (const time of ['2026-11-21T10:00:00', '2026-11-21T10:00:00+01:00', '', '2026-02-30T10:00:00Z', 'x']) {
    refused(lifetime(`<wsu:Expires>${time}</wsu:Expires>`), /dateTime/);
  }
  refused(lifetime('<wsu:Expires>2026-11-21T<!-- -->10:00:00Z</wsu:Expires>'), /ERR_WSS/);
  refused(
    lifetime('<wsu:Created>2026-11-21T10:00:01Z</wsu:Created><wsu:Expires>2026-11-21T10:00:00Z</wsu:Expires>'),
    /ends before/,
  );
  refused(lifetime('<wsu:Expires>2026-11-21T10:00:00Z</wsu:Expires>'.repeat(2)), /ERR_WSS/);
});

test('the token is of the type that was asked for, by whichever of its names', () => {
  const typed = (uri: string) => ping().replace(`${PROFILE_11}#SAMLV2.0`, uri);
  for (const uri of [SAML2, `${PROFILE_10}#SAMLAssertion-2.0`]) assert.equal(bytes(issued(typed(uri))), saml2());
  for (const uri of [SAML1, 'urn:x', '', `${PROFILE_11}#SAMLV1.1`]) refused(typed(uri), /of the type/);
  assert.equal(bytes(issued(typed('urn:x'), { tokenType: 'urn:x' })), saml2());
  // What it says and what it is.
  refused(ping({ token: saml1() }), /of the type/);
  refused(cxf(), /of the type/, { tokenType: 'SAML1' });
});

test('the key is of the type that was asked for', () => {
  const keyType = (uri: string) => cxf({ more: `<KeyType>${uri}</KeyType>` });
  assert.ok(issued(keyType(`${TRUST_13}/Bearer`)));
  assert.ok(issued(keyType('http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey')));
  assert.ok(issued(keyType(`${TRUST_13}/PublicKey`), { keyType: 'Public' }));
  refused(keyType(`${TRUST_13}/PublicKey`), /of the type/);
  refused(keyType(`${TRUST_13}/Bearer`), /of the type/, { keyType: 'Public' });
});

test('answers of another version are refused', () => {
  refused(cxf(), /2005-02/, { version: '2005-02' });
  refused(wcf(), /1\.3/, { tokenType: 'SAML1' });
  assert.ok(issued(cxf(), { version: '1.4' }));
});

test('anything but one token in one response is refused', () => {
  const response = (inner: string) => `<t:RequestSecurityTokenResponse>${inner}</t:RequestSecurityTokenResponse>`;
  const collection = (inner: string) =>
    `<t:RequestSecurityTokenResponseCollection>${inner}</t:RequestSecurityTokenResponseCollection>`;
  const token = (inner: string) => `<t:RequestedSecurityToken>${inner}</t:RequestedSecurityToken>`;
  const good = response(token(saml2()));
  assert.ok(issued(bare(good)));
  assert.ok(issued(bare(collection(good))));
  for (const content of [
    '',
    good + good,
    collection(good + good),
    collection(''),
    collection(collection(good)),
    collection(good) + good,
    `<t:Other>${good}</t:Other>`,
    collection(`${good}<t:Other/>`),
    good + saml2(),
    saml2(),
  ]) {
    refused(bare(content), /not one RequestSecurityTokenResponse/);
  }
  for (const content of [token(''), token('text'), token(saml2() + saml2()), token(saml2(EXPIRES) + saml1())]) {
    refused(bare(response(content)), /exactly one token/);
  }
  refused(bare(response('')), /ERR_WSS_INVALID_STRUCTURE/);
  refused(bare(response(token(saml2()) + token(saml2()))), /ERR_WSS_INVALID_STRUCTURE/);
  refused(bare(response(token(collection(good)) + token(saml2()))), /ERR_WSS_INVALID_STRUCTURE/);
  refused(bare(response(token('<wsse:SecurityTokenReference/>'))), /reference in place/);
  // A token outside of the place for tokens is none.
  refused(bare(response(saml2())), /ERR_WSS_INVALID_STRUCTURE/);
});

test('says nothing of what the answer holds when it refuses', () => {
  for (const xml of [
    ping({ token: '<Secret9/>', more: '<Secret9/>' }).replace('<wst:TokenType>', '<wst:TokenType>Secret9'),
    ping({ lifetime: '<wst:Lifetime><wsu:Expires>Secret9</wsu:Expires></wst:Lifetime>' }),
    bare('<Secret9/>'),
  ]) {
    refused(xml, /^(?!.*Secret9)/);
    refused(xml, /^[^\n<>]*$/);
  }
});

test('Renew gives a token like Issue', () => {
  assert.equal(bytes(issued(cxf(), {}, 'Renew')), bytes(issued(cxf())));
  assert.equal(bytes(issued(dataPower(), {}, 'Renew')), saml2());
  assert.equal(issued(dataPower(), { keyType: 'Symmetric' }, 'Renew').token.secret, undefined);
});

test('Validate says whether a token is valid', () => {
  const status = (code: string, namespace = TRUST_13) =>
    bare(
      `<t:RequestSecurityTokenResponse><t:TokenType>${namespace}/RSTR/Status</t:TokenType><t:Status><t:Code>${code}</t:Code>` +
        `<t:Reason>Secret9</t:Reason></t:Status></t:RequestSecurityTokenResponse>`,
      namespace,
    );
  assert.deepEqual(read(status(`${TRUST_13}/status/valid`), {}, 'Validate'), { valid: true });
  assert.deepEqual(read(status(` ${TRUST_13}/status/invalid\n`), {}, 'Validate'), { valid: false });
  assert.deepEqual(read(status(`${TRUST_2005}/status/valid`, TRUST_2005), OLD, 'Validate'), { valid: true });
  refused(status('valid'), /status/, {}, 'Validate');
  refused(status(`${TRUST_2005}/status/valid`), /status/, {}, 'Validate');
  refused(cxf(), /ERR_WSS_INVALID_STRUCTURE/, {}, 'Validate');
});

test('Cancel is done when the answer says so', () => {
  const cancelled = bare(
    '<t:RequestSecurityTokenResponse><t:RequestedTokenCancelled/></t:RequestSecurityTokenResponse>',
  );
  assert.equal(read(cancelled, {}, 'Cancel'), undefined);
  refused(cxf(), /ERR_WSS_INVALID_STRUCTURE/, {}, 'Cancel');
  refused(cancelled, /ERR_WSS_INVALID_STRUCTURE/);
});
