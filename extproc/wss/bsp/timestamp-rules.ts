import type { XmlIndex } from '../../xml/xml-index.ts';
import { WSSE, WSU } from '../namespaces.ts';
import { attributeOf, countOf, type BspRule } from './rule.ts';

const TIMESTAMP = [WSU, 'Timestamp'] as const;

function times(index: XmlIndex, timestamp: number, name: 'Created' | 'Expires'): number[] {
  return index.children(timestamp).filter((child) => index.is(child, WSU, name));
}

/** Rules that are the same for Created and Expires. */
function timeRules(name: 'Created' | 'Expires', ids: readonly [string, string, string, string]): BspRule[] {
  const text = (index: XmlIndex, element: number): string => (index.hasOnlyText(element) ? index.text(element) : '');
  const any = (holds: (index: XmlIndex, time: number) => boolean): BspRule['broken'] => {
    return (index, timestamp) => times(index, timestamp, name).some((time) => holds(index, time));
  };
  const [digits, seconds, valueType, utc] = ids;
  return [
    {
      ...{ id: digits, of: TIMESTAMP, text: `${name} has at most three digits after the point of its seconds` },
      broken: any((index, time) => /\.\d{4}/.test(text(index, time))),
    },
    {
      ...{ id: seconds, of: TIMESTAMP, text: `the seconds of ${name} are less than 60` },
      broken: any((index, time) => /T\d\d:\d\d:[6-9]\d/.test(text(index, time))),
    },
    {
      ...{ id: valueType, of: TIMESTAMP, text: `${name} has no ValueType` },
      broken: any((index, time) => attributeOf(index, time, 'ValueType') !== ''),
    },
    {
      ...{ id: utc, of: TIMESTAMP, text: `${name} is a time in UTC, with a Z at its end` },
      broken: any((index, time) => !text(index, time).trim().endsWith('Z')),
    },
  ];
}

export const TIMESTAMP_RULES: readonly BspRule[] = [
  {
    ...{ id: 'R3227', of: [WSSE, 'Security'], text: 'a Security header has at most one Timestamp' },
    broken: (index, security) => countOf(index, security, WSU, 'Timestamp') > 1,
  },
  {
    ...{ id: 'R3203', of: TIMESTAMP, text: 'a Timestamp has one Created' },
    broken: (index, timestamp) => times(index, timestamp, 'Created').length !== 1,
  },
  {
    ...{ id: 'R3224', of: TIMESTAMP, text: 'a Timestamp has at most one Expires' },
    broken: (index, timestamp) => times(index, timestamp, 'Expires').length > 1,
  },
  {
    ...{ id: 'R3221', of: TIMESTAMP, text: 'Created comes before Expires' },
    broken: (index, timestamp) => {
      const [created] = times(index, timestamp, 'Created');
      const [expires] = times(index, timestamp, 'Expires');
      return expires !== undefined && created !== undefined && expires < created;
    },
  },
  {
    ...{ id: 'R3222', of: TIMESTAMP, text: 'a Timestamp holds nothing but Created and Expires' },
    broken: (index, timestamp) =>
      index.children(timestamp).some((child) => !index.is(child, WSU, 'Created') && !index.is(child, WSU, 'Expires')),
  },
  ...timeRules('Created', ['R3220', 'R3213', 'R3225', 'R3217']),
  ...timeRules('Expires', ['R3229', 'R3215', 'R3226', 'R3223']),
];
