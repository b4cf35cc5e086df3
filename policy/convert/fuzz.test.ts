/** Whatever is read: an answer or a ConversionError, soon, and nothing of a password. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { convertApinizer } from './apinizer/apinizer.ts';
import { convertBoomi } from './boomi/boomi.ts';
import { ConversionError } from './finding.ts';
import { toYaml } from './manifests.ts';
import { convertSecurityPolicy } from './security-policy/convert.ts';
import { parseManifests } from '../load.ts';

const folder = path.join(import.meta.dirname, 'testdata');
const naming = { name: 'fuzz' };
const seeds = [
  'cxf-asymmetric.wsdl',
  'metro-issued-token.wsdl',
  'rampart-alternatives.xml',
  'owsm-operations.wsdl',
].map((name) => readFileSync(path.join(folder, name), 'utf8'));
const toTarget = readFileSync(path.join(folder, 'apinizer-to-target.json'), 'utf8');

const convertXml = (text: string): string =>
  convertSecurityPolicy({ file: 'fuzz.wsdl', bytes: Buffer.from(text) }, { side: 'client', naming, include: [] }).yaml;

/** @returns whether something came out */
function survives(run: () => string): boolean {
  try {
    assert.deepEqual(parseManifests(run()).problems, []);
    return true;
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
    return false;
  }
}

/** Cuts, doubles and swaps elements of a document that makes sense. */
const mutated = fc
  .record({
    seed: fc.constantFrom(...seeds),
    edits: fc.array(fc.record({ at: fc.nat(), kind: fc.constantFrom('drop', 'double', 'rename', 'cut') }), {
      maxLength: 6,
    }),
  })
  .map(({ seed, edits }) =>
    edits.reduce((text, { at, kind }) => {
      const tags = [...text.matchAll(/<sp:[A-Za-z0-9]+\/>|<sp:Body\/>|"[^"]*"/g)];
      const tag = tags[at % Math.max(1, tags.length)];
      if (tag === undefined) return text;
      const [before, after] = [text.slice(0, tag.index), text.slice(tag.index + tag[0].length)];
      if (kind === 'cut') return before;
      if (kind === 'double') return tag[0].startsWith('<') ? `${before}${tag[0]}${tag[0]}${after}` : text;
      const other = tags[(at * 7) % tags.length]?.[0] ?? '';
      const fits = other.startsWith('<') === tag[0].startsWith('<');
      return `${before}${kind === 'drop' && tag[0].startsWith('<') ? '' : fits ? other : tag[0]}${after}`;
    }, seed),
  );

test('WSDLs that are changed at random', () => {
  let converted = 0;
  fc.assert(
    fc.property(mutated, (text) => void (converted += Number(survives(() => convertXml(text))))),
    { numRuns: 60 },
  );
  assert.ok(converted > 0, 'some make sense');
});

test('bytes that are no XML', () => {
  fc.assert(
    fc.property(fc.string(), (text) =>
      assert.equal(
        survives(() => convertXml(`<${text}`)),
        false,
      ),
    ),
    { numRuns: 100 },
  );
});

test('JSON that is changed at random never shows the password', () => {
  const fields = [...toTarget.matchAll(/"([A-Za-z]+)":/g)].map(([, name]) => name);
  const changed = fc
    .tuple(fc.constantFrom(...fields), fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 3 }))
    .map(([a, b, value]) => {
      const list = JSON.parse(toTarget) as Record<string, unknown>[];
      for (const policy of list) {
        if (a in policy && a !== 'unPassword') policy[a] = value;
        if (b in policy && b !== 'unPassword') policy[`${b}2`] = policy[b];
      }
      return JSON.stringify(list);
    });
  fc.assert(
    fc.property(changed, (text) => {
      survives(() => {
        const { yaml, findings } = convertApinizer('fuzz.json', text, naming);
        assert.doesNotMatch(yaml + JSON.stringify(findings), /sesame/);
        return yaml;
      });
    }),
    { numRuns: 60 },
  );
});

test('text that is no JSON is told without being shown', () => {
  const wrong = toTarget.replace('"open sesame"', '"open sesame');
  assert.throws(
    () => convertApinizer('fuzz.json', wrong, naming),
    (error: Error) => {
      assert.ok(error instanceof ConversionError);
      assert.doesNotMatch(error.message, /sesame/);
      return /fuzz\.json/.test(error.message);
    },
  );
});

test('lines of the connector at random', () => {
  const line = fc
    .tuple(fc.constantFrom('enable_signature', 'signature_algorithm', 'timestamp_ttl', 'x'), fc.string())
    .map((pair) => pair.join(':'));
  fc.assert(
    fc.property(
      fc.array(line),
      (lines) => void survives(() => convertBoomi('fuzz.txt', lines.join('\n'), naming).yaml),
    ),
    { numRuns: 60 },
  );
});

test('what is read cannot end a comment of the result', () => {
  const comments = [{ at: [], text: 'one\nkind: Secret\r\u2028x: y' }];
  const text = toYaml([{ object: { a: 1 }, comments }], ['two\nb: 2']);
  assert.deepEqual(
    text.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
    ['a: 1'],
  );
});

const NAMESPACES =
  'xmlns:wsp="http://www.w3.org/ns/ws-policy" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"';

test('alternatives that multiply, policies that refer to themselves or to each other again and again', () => {
  const choice = `<wsp:ExactlyOne>${'<wsp:All><sp:Wss10/></wsp:All>'.repeat(10)}</wsp:ExactlyOne>`;
  assert.throws(
    () => convertXml(`<wsp:Policy ${NAMESPACES}>${choice.repeat(30)}</wsp:Policy>`),
    /more than 256 alternatives/,
  );
  const self = `<wsp:Policy ${NAMESPACES} wsu:Id="a"><wsp:PolicyReference URI="#a"/></wsp:Policy>`;
  assert.throws(() => convertXml(self), /refers to itself/);
  const laughs = Array.from(
    { length: 30 },
    (_, i) => `<wsp:Policy wsu:Id="p${i}">${`<wsp:PolicyReference URI="#p${i + 1}"/>`.repeat(10)}</wsp:Policy>`,
  );
  assert.throws(
    () => convertXml(`<wsp:Policy ${NAMESPACES}>${laughs.join('')}<wsp:Policy wsu:Id="p30"/></wsp:Policy>`),
    /too large/,
  );
  assert.throws(() => convertXml(`<wsp:Policy ${NAMESPACES}><wsp:ExactlyOne/></wsp:Policy>`), /no alternative/);
  const wide = `<wsp:Policy ${NAMESPACES}>${'<sp:SignedParts><sp:Body/></sp:SignedParts>'.repeat(20_000)}</wsp:Policy>`;
  assert.ok(survives(() => convertXml(wide)));
});
