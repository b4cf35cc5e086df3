import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Condition } from '../../crds/types.ts';
import { compileConditions, ConditionError, type MessageMeta } from './conditions.ts';
import { SourceAddressUnknownError } from './errors.ts';

function meta(
  changes: Partial<MessageMeta> & { headerList?: readonly (readonly [string, string[]])[] } = {},
): MessageMeta {
  return {
    method: 'POST',
    path: '/orders/v1?apikey=k1&n=7',
    host: 'Shop.Example:8443',
    headers: new Map(changes.headerList ?? [['x-partner', ['acme', 'beta']]]),
    sourceIp: '10.1.2.3',
    ...changes,
  };
}

function holds(condition: Condition, message: MessageMeta = meta(), operation?: string): boolean {
  return compileConditions({ all: [condition] }).matches(message, operation);
}

const header = (operator: Condition['operator'], ...values: string[]): Condition => ({
  source: 'Header',
  name: 'X-Partner',
  operator,
  ...(values.length > 0 ? { values } : {}),
});

const operators: [Condition, boolean][] = [
  [header('Equals', 'beta'), true],
  [header('Equals', 'BETA'), false],
  [header('In', 'other', 'acme'), true],
  [header('NotEquals', 'beta'), false],
  [header('NotEquals', 'gamma'), true],
  [header('NotIn', 'gamma', 'acme'), false],
  [header('StartsWith', 'ac'), true],
  [header('StartsWith', 'cm'), false],
  [header('EndsWith', 'ta'), true],
  [header('EndsWith', 'be'), false],
  [header('Contains', 'cm'), true],
  [header('NotContains', 'cm'), false],
  [header('NotContains', 'zz'), true],
  [header('Matches', 'a.*e'), true],
  [header('Matches', 'a'), false],
  [header('Exists'), true],
  [header('NotExists'), false],
  [header('GreaterThan', '1'), false],
];
for (const [condition, expected] of operators) {
  test(`header acme, beta: ${condition.operator} ${condition.values?.join(' ') ?? ''} is ${expected}`, () => {
    assert.equal(holds(condition), expected);
  });
}

test('a missing value fits only the negative operators', () => {
  const none = meta({ headers: new Map() });
  for (const operator of ['Equals', 'In', 'StartsWith', 'EndsWith', 'Contains', 'Matches'] as const) {
    assert.equal(holds(header(operator, ''), none), false, operator);
  }
  assert.equal(holds(header('InCIDR', '0.0.0.0/0'), none), false);
  assert.equal(holds(header('LessThan', '1'), none), false);
  for (const operator of ['NotEquals', 'NotIn', 'NotContains'] as const) {
    assert.equal(holds(header(operator, 'x'), none), true, operator);
  }
  assert.equal(holds(header('Exists'), none), false);
  assert.equal(holds(header('NotExists'), none), true);
  assert.equal(holds(header('Exists'), meta({ headers: new Map([['x-partner', ['']]]) })), true);
});

const sources: [Condition, boolean][] = [
  [{ source: 'Path', operator: 'Equals', values: ['/orders/v1'] }, true],
  [{ source: 'Path', operator: 'Contains', values: ['apikey'] }, false],
  [{ source: 'Query', name: 'n', operator: 'GreaterThan', values: ['6.5'] }, true],
  [{ source: 'Query', name: 'n', operator: 'LessThan', values: ['7'] }, false],
  [{ source: 'Query', name: 'N', operator: 'Exists' }, false],
  [{ source: 'Method', operator: 'Equals', values: ['POST'] }, true],
  [{ source: 'Method', operator: 'Equals', values: ['post'] }, false],
  [{ source: 'Host', operator: 'Equals', values: ['SHOP.example'] }, true],
  [{ source: 'Host', operator: 'EndsWith', values: ['.Example'] }, true],
  [{ source: 'SourceIP', operator: 'Equals', values: ['10.1.2.3'] }, true],
  [{ source: 'SourceIP', operator: 'NotEquals', values: ['10.1.2.3'] }, false],
  [{ source: 'SourceIP', operator: 'InCIDR', values: ['192.168.0.0/16', '10.0.0.0/8'] }, true],
  [{ source: 'SourceIP', operator: 'InCIDR', values: ['10.2.0.0/16'] }, false],
  [{ source: 'APIKey', operator: 'In', values: ['k0', 'k1'] }, true],
  [{ source: 'APIKey', operator: 'Equals', values: ['k'] }, false],
  [{ source: 'APIKey', name: 'n', operator: 'Equals', values: ['7'] }, true],
];
for (const [condition, expected] of sources) {
  test(`${condition.source} ${condition.operator} ${condition.values?.join(' ') ?? ''} is ${expected}`, () => {
    assert.equal(holds(condition), expected);
  });
}

test('other spellings of a path do not get round a condition', () => {
  for (const path of [
    '/%6frders/x',
    '/a/../orders/x',
    '/a/%2e%2e/orders/x',
    '/./orders/x',
    '/orders/x?y',
    '/%6F%72ders/x#z',
  ]) {
    assert.equal(holds({ source: 'Path', operator: 'Equals', values: ['/orders/x'] }, meta({ path })), true, path);
  }
  assert.equal(holds({ source: 'Path', operator: 'Equals', values: ['*'] }, meta({ path: '*' })), true);
  assert.equal(holds({ source: 'Path', operator: 'Equals', values: ['/a%2Fb'] }, meta({ path: '/a%2Fb' })), true);
});

test('IPv6 and IPv4-mapped addresses are compared as addresses', () => {
  const inside = (sourceIp: string, ...values: string[]): boolean =>
    holds({ source: 'SourceIP', operator: 'InCIDR', values }, meta({ sourceIp }));
  assert.equal(inside('2001:db8::1', '2001:0db8::/32'), true);
  assert.equal(inside('2001:db9::1', '2001:db8::/32'), false);
  assert.equal(inside('::ffff:10.1.2.3', '10.0.0.0/8'), true);
  assert.equal(inside('fe80::1%eth0', 'fe80::/10'), true);
  assert.equal(inside('not an address', '0.0.0.0/0', '::/0'), false);
  assert.equal(
    holds({ source: 'SourceIP', operator: 'Equals', values: ['2001:0db8:0::1'] }, meta({ sourceIp: '2001:db8::1' })),
    true,
  );
});

test('the SOAP action comes from where its SOAP version puts it', () => {
  const action = (headerList: readonly (readonly [string, string[]])[], value: string): boolean =>
    holds({ source: 'SOAPAction', operator: 'Equals', values: [value] }, meta({ headers: new Map(headerList) }));
  assert.equal(action([['soapaction', ['"urn:a"']]], 'urn:a'), true);
  assert.equal(action([['soapaction', [' urn:a ']]], 'urn:a'), true);
  assert.equal(action([['soapaction', ['""']]], ''), true);
  const soap12 = ['content-type', ['application/soap+xml; charset=utf-8; action="urn:b"']] as const;
  assert.equal(
    action(
      [
        [soap12[0], [...soap12[1]]],
        ['soapaction', ['urn:a']],
      ],
      'urn:b',
    ),
    true,
  );
  assert.equal(
    action(
      [
        [soap12[0], [...soap12[1]]],
        ['soapaction', ['urn:a']],
      ],
      'urn:a',
    ),
    false,
  );
  assert.equal(
    action(
      [
        ['content-type', ['text/xml; action="urn:b"']],
        ['soapaction', ['urn:a']],
      ],
      'urn:a',
    ),
    true,
  );
  assert.equal(action([['content-type', ['%%%']]], ''), false);
});

test('Operation needs the body and is compared as a qualified name', () => {
  const condition: Condition = { source: 'Operation', operator: 'Equals', values: ['{urn:shop}Order'] };
  assert.equal(compileConditions({ any: [condition] }).needsBody, true);
  assert.equal(compileConditions({ all: [header('Exists')] }).needsBody, false);
  assert.equal(holds(condition, meta(), '{urn:shop}Order'), true);
  assert.equal(holds(condition, meta(), '{urn:other}Order'), false);
  assert.equal(holds(condition, meta(), undefined), false);
});

test('all must hold, and of any at least one', () => {
  const yes = header('Exists');
  const no = header('NotExists');
  const when = (all?: Condition[], any?: Condition[]): boolean =>
    compileConditions({ ...(all ? { all } : {}), ...(any ? { any } : {}) }).matches(meta(), undefined);
  assert.equal(compileConditions(undefined).matches(meta(), undefined), true);
  assert.equal(when([yes, yes]), true);
  assert.equal(when([yes, no]), false);
  assert.equal(when(undefined, [no, yes]), true);
  assert.equal(when([yes], [no, no]), false);
  assert.equal(when([no], [yes]), false);
});

test('what cannot be compiled is named', () => {
  const wrong = (condition: Condition, field: string): void => {
    assert.throws(
      () => compileConditions({ any: [header('Exists'), condition] }),
      (error) => error instanceof ConditionError && error.field === field,
    );
  };
  wrong(header('Matches', 'a', '('), 'any[1].values[1]');
  wrong(header('Matches', '(?=a)'), 'any[1].values[0]');
  wrong(header('InCIDR', '10.0.0.0/33'), 'any[1].values[0]');
  wrong(header('InCIDR', '10.0.0/8'), 'any[1].values[0]');
  wrong(header('InCIDR', '::/129'), 'any[1].values[0]');
  wrong({ source: 'SourceIP', operator: 'Equals', values: ['localhost'] }, 'any[1].values[0]');
  wrong(header('GreaterThan', '0x10'), 'any[1].values[0]');
});

test('an expression that makes a backtracking engine hang is linear', () => {
  const evil = meta({ headers: new Map([['x-partner', [`${'a'.repeat(50_000)}!`]]]) });
  assert.equal(holds(header('Matches', '(a+)+b'), evil), false);
});

test('no request makes a condition throw', () => {
  const anyMeta = fc.record({
    method: fc.string(),
    path: fc.oneof(
      fc.string(),
      fc.string().map((s) => `/${s}`),
    ),
    host: fc.string(),
    sourceIp: fc.string(),
    headers: fc.array(fc.tuple(fc.constantFrom('content-type', 'soapaction', 'x'), fc.array(fc.string()))),
  });
  const conditions = compileConditions({
    any: (['Path', 'Host', 'SourceIP', 'SOAPAction', 'APIKey', 'Operation'] as const).flatMap((source) =>
      (['Equals', 'Matches', 'InCIDR', 'GreaterThan'] as const).map((operator): Condition => ({
        source,
        operator,
        values: [operator === 'GreaterThan' ? '1' : '10.0.0.1'],
      })),
    ),
  });
  fc.assert(
    fc.property(anyMeta, (m) => {
      conditions.matches({ ...m, headers: new Map(m.headers) }, undefined);
    }),
  );
});

test('SourceIP without an address is no answer, and a policy is not passed by for that', () => {
  const unknown = meta({ sourceIp: undefined });
  for (const operator of ['InCIDR', 'Equals', 'NotEquals'] as const) {
    const values = [operator === 'InCIDR' ? '10.0.0.0/8' : '10.1.2.3'];
    assert.throws(() => holds({ source: 'SourceIP', operator, values }, unknown), SourceAddressUnknownError);
  }
});
