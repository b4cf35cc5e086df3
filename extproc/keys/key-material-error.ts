/** A Secret or ConfigMap as a policy refers to it. */
export interface KeyMaterial {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  /** Absent for the policy's own. */
  readonly namespace?: string;
  /** The octets of each key of `data`. */
  readonly data: Readonly<Record<string, Buffer>>;
}

/**
 * A Secret or ConfigMap does not hold what the policy needs. The message names the object and the key in it, says what
 * is wrong and how to mend it, and never holds anything of the content.
 */
export class KeyMaterialError extends Error {
  readonly code = 'ERR_KEYS_MATERIAL';
  /** `Secret/name`, or `Secret/namespace/name` where it is not the policy's own namespace. */
  readonly object: string;
  /** The key of `data`, where one is to blame. */
  readonly key: string | undefined;

  constructor(material: Omit<KeyMaterial, 'data'>, key: string | undefined, message: string) {
    const { kind, namespace } = material;
    const name = namespace === undefined ? material.name : `${namespace}/${material.name}`;
    super(`${kind} ${name}${key === undefined ? '' : `, key ${key}`}: ${message}`);
    this.object = `${kind}/${name}`;
    this.key = key;
  }

  override get name(): string {
    return 'KeyMaterialError';
  }
}

/**
 * Something inside one value of a Secret or ConfigMap is wrong; whoever knows the object's and the key's name makes a
 * {@link KeyMaterialError} of it.
 */
export class KeyFormatError extends Error {
  override get name(): string {
    return 'KeyFormatError';
  }
}
