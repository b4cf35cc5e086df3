#!/bin/sh
# Makes the key stores of this directory anew, with OpenSSL 3 and a JDK: what other programs write, which our own code
# cannot vouch for. Password of all of them: waxseal-test
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pass=waxseal-test

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" -days 9000 -subj '/O=Waxseal/CN=Store CA'
issue() {
  name=$1; shift
  openssl req -new -nodes "$@" -keyout "$work/$name.key" -out "$work/$name.csr" -subj "/O=Waxseal/CN=Store $name"
  openssl x509 -req -in "$work/$name.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days 9000 -out "$work/$name.pem"
}
issue rsa -newkey rsa:2048
issue ec -newkey ec -pkeyopt ec_paramgen_curve:P-256
issue ed25519 -newkey ed25519

store() {
  out=$1; name=$2; shift 2
  openssl pkcs12 -export -inkey "$work/$name.key" -in "$work/$name.pem" -certfile "$work/ca.pem" -name "$name" -passout "pass:$pass" -out "$out" "$@"
}
store openssl-rsa.p12 rsa
store openssl-ec.p12 ec
store openssl-ed25519.p12 ed25519
store openssl-legacy.p12 rsa -legacy
store openssl-rc2-128.p12 rsa -legacy -keypbe PBE-SHA1-RC2-128 -certpbe PBE-SHA1-3DES -macalg sha512
store openssl-unprotected.p12 rsa -keypbe NONE -certpbe NONE -nomac
store openssl-costly.p12 rsa -iter 3000000

# Two keys and a trusted certificate in one store, as Java writes it.
rm -f java.p12 java-trust.p12
keytool -importkeystore -noprompt -srckeystore openssl-legacy.p12 -srcstoretype PKCS12 -srcstorepass $pass -destkeystore java.p12 -deststoretype PKCS12 -deststorepass $pass
keytool -importkeystore -noprompt -srckeystore openssl-ec.p12 -srcstoretype PKCS12 -srcstorepass $pass -destkeystore java.p12 -deststoretype PKCS12 -deststorepass $pass
keytool -importcert -noprompt -alias authority -file "$work/ca.pem" -keystore java.p12 -storepass $pass
keytool -importcert -noprompt -alias authority -file "$work/ca.pem" -keystore java-trust.p12 -storetype PKCS12 -storepass $pass

# The same RSA key in the PEM forms.
openssl pkcs8 -topk8 -nocrypt -in "$work/rsa.key" -out pkcs8.pem
openssl rsa -traditional -in "$work/rsa.key" -out pkcs1.pem
openssl ec -in "$work/ec.key" -param_out 2>/dev/null >sec1.pem
openssl ec -in "$work/ec.key" >>sec1.pem
openssl pkcs8 -topk8 -in "$work/rsa.key" -v2 aes-256-cbc -passout pass:$pass -out pkcs8-encrypted.pem
openssl pkcs8 -topk8 -in "$work/rsa.key" -v1 PBE-SHA1-3DES -passout pass:$pass -out pkcs8-encrypted-3des.pem
openssl pkcs8 -topk8 -in "$work/rsa.key" -scrypt -passout pass:$pass -out pkcs8-encrypted-scrypt.pem
openssl rsa -traditional -in "$work/rsa.key" -aes256 -passout pass:$pass -out pkcs1-encrypted.pem
cp "$work/rsa.pem" rsa.pem
cp "$work/ec.pem" ec.pem
cp "$work/ca.pem" ca.pem
chmod 644 ./*.p12 ./*.pem
