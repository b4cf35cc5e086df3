/** `when` of a policy as a predicate over what is known of a request. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { RE2JS, RE2JSException } from 're2js';
import type { Condition, When } from '../../crds/types.ts';
import type { ConnectionFacts } from './connection.ts';
import { SourceAddressUnknownError } from './errors.ts';
import { hostName, normalPath, queryValues, soapActions } from './request-values.ts';

/** The HTTP side of a request, as the gateway saw it. */
export interface MessageMeta {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly host: string;
  /** By lower-case name, in the order they came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Address of the client, without a port. */
  readonly sourceIp?: string;
  /** What the policy needs of it. */
  readonly connection?: ConnectionFacts;
}

export interface CompiledConditions {
  /** @param operation `{namespace}local` of the Body's first child; undefined where there is none */
  readonly matches: (meta: MessageMeta, operation: string | undefined) => boolean;
  /** A condition reads the Operation. */
  readonly needsBody: boolean;
}

/** A condition's value cannot be understood. */
export class ConditionError extends Error {
  readonly code = 'ERR_POLICY_CONDITION';
  /** For example `all[0].values[1]`. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }

  override get name(): string {
    return 'ConditionError';
  }
}

type Values = (meta: MessageMeta, operation: string | undefined) => readonly string[];
type Test = (value: string) => boolean;
type Predicate = (meta: MessageMeta, operation: string | undefined) => boolean;

const NOTHING: readonly string[] = [];
const DECIMAL = /^[+-]?\d{1,15}(\.\d{1,15})?$/;

/**
 * Regular expressions, networks and numbers are prepared here, once; `Matches` is RE2, which is linear in its input.
 *
 * @param when undefined: every message
 * @throws ConditionError naming the value that cannot be used
 */
export function compileConditions(when: When | undefined): CompiledConditions {
  const all = (when?.all ?? []).map((condition, at) => compileCondition(condition, `all[${at}]`));
  const any = (when?.any ?? []).map((condition, at) => compileCondition(condition, `any[${at}]`));
  return {
    matches: (meta, operation) =>
      all.every((holds) => holds(meta, operation)) && (any.length === 0 || any.some((holds) => holds(meta, operation))),
    needsBody: [...(when?.all ?? []), ...(when?.any ?? [])].some((condition) => condition.source === 'Operation'),
  };
}

function compileCondition(condition: Condition, field: string): Predicate {
  const values = valuesOf(condition);
  const anyFits = (): Predicate => {
    const test = anyOf(condition, field);
    return (meta, operation) => values(meta, operation).some(test);
  };
  const noneFits = (): Predicate => {
    const test = anyOf(condition, field);
    return (meta, operation) => !values(meta, operation).some(test);
  };
  switch (condition.operator) {
    case 'Exists':
      return (meta, operation) => values(meta, operation).length > 0;
    case 'NotExists':
      return (meta, operation) => values(meta, operation).length === 0;
    case 'NotEquals':
    case 'NotIn':
    case 'NotContains':
      return noneFits();
    default:
      return anyFits();
  }
}

function valuesOf(condition: Condition): Values {
  const name = condition.name ?? '';
  switch (condition.source) {
    case 'Header': {
      const header = name.toLowerCase();
      return (meta) => meta.headers.get(header) ?? NOTHING;
    }
    case 'Query':
      return (meta) => queryValues(meta.path, name);
    case 'APIKey': {
      const header = (condition.name ?? 'x-api-key').toLowerCase();
      const parameter = condition.name ?? 'apikey';
      return (meta) => [...(meta.headers.get(header) ?? NOTHING), ...queryValues(meta.path, parameter)];
    }
    case 'Path':
      return (meta) => [normalPath(meta.path)];
    case 'Method':
      return (meta) => [meta.method];
    case 'Host':
      return (meta) => [hostName(meta.host)];
    case 'SourceIP':
      return (meta) => [sourceAddress(meta)];
    case 'SOAPAction':
      return (meta) => soapActions(meta.headers);
    case 'Operation':
      return (_meta, operation) => (operation === undefined ? NOTHING : [operation]);
  }
}

/** A value of the message fits any of the condition's values. */
function anyOf(condition: Condition, field: string): Test {
  const wanted = (condition.values ?? []).map((value, at) => ({
    text: condition.source === 'Host' && condition.operator !== 'Matches' ? value.toLowerCase() : value,
    field: `${field}.values[${at}]`,
  }));
  const texts = wanted.map(({ text }) => text);
  switch (condition.operator) {
    case 'Equals':
    case 'NotEquals':
    case 'In':
    case 'NotIn':
      if (condition.source === 'APIKey') return isOneOfSecrets(texts);
      if (condition.source === 'SourceIP') return isAddressIn(wanted.map(({ text, field }) => network(text, field)));
      return (value) => texts.includes(value);
    case 'StartsWith':
      return (value) => texts.some((text) => value.startsWith(text));
    case 'EndsWith':
      return (value) => texts.some((text) => value.endsWith(text));
    case 'Contains':
    case 'NotContains':
      return (value) => texts.some((text) => value.includes(text));
    case 'Matches': {
      const expressions = wanted.map(({ text, field }) => expression(text, field));
      return (value) => expressions.some((re) => re.matches(value));
    }
    case 'InCIDR':
      return isAddressIn(wanted.map(({ text, field }) => network(text, field)));
    case 'GreaterThan': {
      const limits = wanted.map(({ text, field }) => decimal(text, field));
      return (value) => DECIMAL.test(value) && limits.some((limit) => Number(value) > limit);
    }
    case 'LessThan': {
      const limits = wanted.map(({ text, field }) => decimal(text, field));
      return (value) => DECIMAL.test(value) && limits.some((limit) => Number(value) < limit);
    }
    case 'Exists':
    case 'NotExists':
      throw new ConditionError(field, `${condition.operator} compares no values`);
  }
}

/** Compares digests and never stops early, so that the time tells nothing of the keys. */
function isOneOfSecrets(secrets: readonly string[]): Test {
  const digests = secrets.map(digest);
  return (value) => {
    const given = digest(value);
    let found = false;
    for (const wanted of digests) found = timingSafeEqual(given, wanted) || found;
    return found;
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function expression(text: string, field: string): RE2JS {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new ConditionError(field, `"${text}" is no RE2 regular expression (${error.message})`);
  }
}

interface Network {
  readonly address: string;
  readonly prefix: number;
}

function network(text: string, field: string): Network {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const length = isIP(address) === 4 ? 32 : 128;
  const prefix = slash < 0 ? String(length) : text.slice(slash + 1);
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > length) {
    throw new ConditionError(
      field,
      `"${text}" is no IPv4 or IPv6 address or network; write it like 10.0.0.0/8 or 2001:db8::/32`,
    );
  }
  return { address, prefix: Number(prefix) };
}

function isAddressIn(networks: readonly Network[]): Test {
  const list = new BlockList();
  for (const { address, prefix } of networks) list.addSubnet(address, prefix, isIP(address) === 4 ? 'ipv4' : 'ipv6');
  return (value) => {
    const zone = value.indexOf('%');
    const address = zone < 0 ? value : value.slice(0, zone);
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
}

function decimal(text: string, field: string): number {
  if (!DECIMAL.test(text)) throw new ConditionError(field, `"${text}" is no decimal number such as 10 or -2.5`);
  return Number(text);
}

/** @throws SourceAddressUnknownError */
function sourceAddress({ sourceIp }: MessageMeta): string {
  if (sourceIp !== undefined) return sourceIp;
  throw new SourceAddressUnknownError(
    "a condition asks for SourceIP and the address is not known: let Envoy's ext_proc filter send request_attributes: [source.address]",
  );
}
