/** The Secrets and ConfigMaps of one policy or token service, and what was found wrong with them. */

import { materialId, type Material, type MaterialReference } from '../../policy/bundle.ts';
import type { FieldPath } from '../../policy/load.ts';
import type { Problem } from '../../policy/problem.ts';
import { formatPath, type ProblemOwner } from '../../policy/report.ts';
import type { Certificate } from '../keys/certificate.ts';
import { KeyMaterialError, type KeyMaterial } from '../keys/key-material-error.ts';
import type { CertificateExpiry } from './compile.ts';

export class KeySource {
  readonly problems: Problem[] = [];
  readonly #owner: ProblemOwner;
  readonly #material: Readonly<Record<string, Material>>;
  readonly #certificates = new Map<string, CertificateExpiry>();

  constructor(owner: ProblemOwner, material: Readonly<Record<string, Material>>) {
    this.#owner = owner;
    this.#material = material;
  }

  /** `namespace/name` of whose they are. */
  get owner(): string {
    return this.#owner.policy ?? this.#owner.tokenService ?? '';
  }

  get certificates(): readonly CertificateExpiry[] {
    return [...this.#certificates.values()];
  }

  /** @throws KeyMaterialError when the object is not there */
  get(reference: MaterialReference): KeyMaterial {
    const id = materialId(reference);
    if (!Object.hasOwn(this.#material, id)) throw new KeyMaterialError(reference, undefined, 'is missing');
    const { kind, namespace, name } = reference;
    const octets = Object.create(null) as Record<string, Buffer>;
    for (const [key, value] of Object.entries(this.#material[id].data)) octets[key] = Buffer.from(value, 'base64');
    return { kind, name, data: octets, ...(namespace !== undefined && { namespace }) };
  }

  /** Lists certificates among those that the policy lives by. */
  uses(material: KeyMaterial, certificates: readonly Certificate[]): void {
    for (const { subject, notAfter, serialNumber } of certificates) {
      const name = `${materialId(material)} ${subject}`;
      this.#certificates.set(`${name} ${serialNumber}`, { name, notAfter });
    }
  }

  /** The same of a certificate that somebody else has listed. @param notAfter milliseconds since 1970 */
  usesUntil(name: string, notAfter: number): void {
    this.#certificates.set(`${name} ${notAfter}`, { name, notAfter });
  }

  report(path: FieldPath, message: string): void {
    this.problems.push({
      severity: 'error',
      reason: 'InvalidRef',
      ...this.#owner,
      field: formatPath(path),
      message,
    });
  }

  /**
   * Makes a problem of what is wrong with a key.
   *
   * @param isExpected which errors speak of the policy; others are ours and are thrown on
   * @returns undefined when there is a problem
   */
  attempt<T>(path: FieldPath, read: () => T, isExpected = isKeyMaterialError): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Error) || !isExpected(error)) throw error;
      this.report(path, error.message);
      return undefined;
    }
  }
}

function isKeyMaterialError(error: unknown): boolean {
  return error instanceof KeyMaterialError;
}

/** The text under a key of the object; undefined where it is missing or empty. */
export function textUnder({ data }: KeyMaterial, key: string): string | undefined {
  const octets = data[key];
  return octets === undefined ? undefined : textOf(octets) || undefined;
}

/** The value as text, without the one line end that editors and `echo` leave. */
export function textOf(octets: Buffer): string {
  return octets.toString('utf8').replace(/\r?\n$/, '');
}
