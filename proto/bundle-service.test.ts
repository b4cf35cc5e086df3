import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleService, type OperatorMessage, type ReplicaMessage } from './bundle-service.ts';

const { Deliver } = bundleService as unknown as {
  Deliver: {
    requestSerialize: (message: ReplicaMessage) => Buffer;
    requestDeserialize: (bytes: Buffer) => ReplicaMessage;
    responseSerialize: (message: OperatorMessage) => Buffer;
    responseDeserialize: (bytes: Buffer) => OperatorMessage;
  };
};

/** Every field that the types know, with a value that is no default: a field of another name or type would be lost. */
const fromReplica: ReplicaMessage[] = [
  { hello: { replica: 'a', softwareVersion: 'b' } },
  { subscribe: { subscription: 1, inventory: [{ id: 'a/b', version: 'v' }] } },
  { unsubscribe: {} },
  { ack: { subscription: 1, nonce: 2, states: [{ id: 'a/b', version: 'v', state: 'REFUSED', reason: 'r' }] } },
];
const fromOperator: OperatorMessage[] = [
  { role: { leading: true, epoch: 3 } },
  {
    update: {
      ...{ subscription: 1, nonce: 2, complete: true, removals: ['a/c'] },
      upserts: [{ id: 'a/b', version: 'v', json: Buffer.from('{}') }],
    },
  },
];

test('the types are those of the definition', () => {
  for (const message of fromReplica) {
    const [name] = Object.keys(message);
    const read = Deliver.requestDeserialize(Deliver.requestSerialize(message));
    assert.deepEqual({ ...read }, { ...message, message: name });
  }
  for (const message of fromOperator) {
    const [name] = Object.keys(message);
    const read = Deliver.responseDeserialize(Deliver.responseSerialize(message));
    assert.deepEqual({ ...read }, { ...message, message: name });
  }
});

test('what was not sent has its default', () => {
  const { update } = Deliver.responseDeserialize(Deliver.responseSerialize({ update: {} } as OperatorMessage));
  assert.deepEqual(update, { subscription: 0, nonce: 0, upserts: [], removals: [], complete: false });
});
