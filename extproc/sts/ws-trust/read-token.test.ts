import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenAnswerError } from '../errors.ts';
import { readToken } from './read-token.ts';
import { cxf, EXPIRES, PROFILE_11, saml1, saml2, SAML2 } from './testdata/answers.ts';

test('an assertion says itself when it ends and what it is called', () => {
  const { bytes, ...facts } = readToken(Buffer.from(`\uFEFF<?xml version="1.0"?>\n<!-- a -->${saml2()}\n`));
  assert.equal(Buffer.from(bytes).toString(), saml2());
  assert.deepEqual(facts, {
    reference: {
      form: 'KeyIdentifier',
      value: '_a1',
      valueType: `${PROFILE_11}#SAMLID`,
      tokenType: `${PROFILE_11}#SAMLV2.0`,
    },
    expires: EXPIRES,
  });
  assert.equal(readToken(Buffer.from(saml1())).expires, EXPIRES);
  assert.equal(readToken(Buffer.from(saml1())).reference?.value, '_b2');
});

test('other tokens are bytes', () => {
  const token = '<q:Token xmlns:q="urn:q" NotOnOrAfter="x">a</q:Token >';
  const { bytes, ...facts } = readToken(Buffer.from(token));
  assert.equal(Buffer.from(bytes).toString(), token);
  assert.deepEqual(facts, {});
});

test('what is no token is refused', () => {
  const assertion = (inner: string) => `<a:Assertion xmlns:a="${SAML2}">${inner}</a:Assertion>`;
  for (const text of [
    '',
    'eyJhbGciOiJub25lIn0.e30.',
    '<a/><b/>',
    '<!DOCTYPE a><a/>',
    `<!DOCTYPE html><html></html>`,
    cxf(),
    assertion('<a:Conditions NotOnOrAfter="tomorrow"/>'),
    assertion('<a:Conditions/><a:Conditions/>'),
    `<a>${'x'.repeat(1024 * 1024)}</a>`,
  ]) {
    assert.throws(() => readToken(Buffer.from(text)), TokenAnswerError, text.slice(0, 60));
  }
});
