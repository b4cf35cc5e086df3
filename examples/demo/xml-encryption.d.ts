/** The part of xml-encryption (which ships no types) that is used here. */
declare module 'xml-encryption' {
  export interface EncryptOptions {
    rsa_pub: string;
    pem: string;
    encryptionAlgorithm: string;
    keyEncryptionAlgorithm: string;
    keyEncryptionDigest?: 'sha1' | 'sha256' | 'sha512';
    keyEncryptionMgf?: 'sha1' | 'sha256' | 'sha384' | 'sha512';
    disallowEncryptionWithInsecureAlgorithm?: boolean;
    warnInsecureAlgorithm?: boolean;
  }
  export interface DecryptOptions {
    key: string;
    disallowDecryptionWithInsecureAlgorithm?: boolean;
    warnInsecureAlgorithm?: boolean;
  }
  type Callback = (error: Error | null, result?: string) => void;
  const library: {
    encrypt(content: string, options: EncryptOptions, callback: Callback): void;
    decrypt(xml: string, options: DecryptOptions, callback: Callback): void;
  };
  export default library;
}
