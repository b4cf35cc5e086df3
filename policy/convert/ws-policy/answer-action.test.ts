/** The Action of answers: what the WSDL says, or the pattern of the specification. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerActionOf } from './answer-action.ts';
import { XmlDocument } from './document.ts';

const WSDL = 'http://schemas.xmlsoap.org/wsdl/';

function actions(target: string, attributes = ''): ReturnType<typeof answerActionOf> {
  const text = `<definitions xmlns="${WSDL}" xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata" targetNamespace="${target}"><portType name="Quotes"><operation name="Get"><output ${attributes}/></operation></portType></definitions>`;
  const document = new XmlDocument('quotes.wsdl', Buffer.from(text));
  const [portType, , output] = [1, 2, 3].map((element) => ({ document, element }));
  return answerActionOf(output, portType, 'Get');
}

test('a path goes on with slashes, and never with two', () => {
  const expected = 'http://example.com/quotes/Quotes/GetResponse';
  assert.equal(actions('http://example.com/quotes')['1.0'], expected);
  assert.equal(actions('http://example.com/quotes/')['1.0'], expected);
});

test('a URN goes on with colons, except in the version of 2004', () => {
  assert.deepEqual(actions('urn:example:quotes'), {
    '1.0': 'urn:example:quotes:Quotes:GetResponse',
    '2004/08': 'urn:example:quotes/Quotes/GetResponse',
  });
});

test('a name of the output stands in place of the default one, and an Action of the WSDL in place of all', () => {
  assert.equal(actions('http://example.com', 'name="Got"')['1.0'], 'http://example.com/Quotes/Got');
  assert.equal(actions('http://example.com', 'name="Got" wsam:Action="urn:got"')['1.0'], 'urn:got');
});
