import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decryptCts, encryptCts } from './aes-cts.ts';
import { deriveBySha2Profile, encryptionType } from './encryption-type.ts';
import { fold } from './fold.ts';

const octets = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test('octets are folded as in RFC 3961 appendix A.1', () => {
  const cases: [number, string, string][] = [
    [64, '012345', 'be072631276b1955'],
    [56, 'password', '78a07b6caf85fa'],
    [64, 'Rough Consensus, and Running Code', 'bb6ed30870b7f0e0'],
    [168, 'password', '59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e'],
    [192, 'MASSACHVSETTS INSTITVTE OF TECHNOLOGY', 'db3b0d8f0b061e603282b308a50841229ad798fab9540c1b'],
    [128, 'kerberos', '6b65726265726f737b9b5b2b93132b93'],
    [64, 'kerberos', '6b65726265726f73'],
  ];
  for (const [bits, text, expected] of cases) {
    assert.equal(fold(Buffer.from(text), bits / 8).toString('hex'), expected, text);
  }
});

test('ciphertext is stolen as in RFC 3962 appendix B', () => {
  const key = Buffer.from('chicken teriyaki');
  const text = Buffer.from("I would like the General Gau's Chicken, please, and wonton soup.");
  const cases: [number, string][] = [
    [17, 'c6353568f2bf8cb4d8a580362da7ff7f97'],
    [31, 'fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5'],
    [32, '39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584'],
    [47, '97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5'],
    [48, '97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd839312523a78662d5be7fcbcc98ebf5a8'],
    [
      64,
      '97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a84807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8',
    ],
  ];
  for (const [length, expected] of cases) {
    const encrypted = encryptCts(key, text.subarray(0, length));
    assert.equal(encrypted.toString('hex'), expected, String(length));
    assert.deepEqual(decryptCts(key, encrypted), text.subarray(0, length), String(length));
  }
});

const KEY_128 = octets('37 05 D9 60 80 C1 77 28 A0 E8 00 EA B6 E0 D2 3C');
const KEY_256 = octets('6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52');

test('keys are derived as in RFC 8009 appendix A', () => {
  const derive = (hash: string, key: Buffer, purpose: number, bytes: number) =>
    deriveBySha2Profile(hash, key, 2, purpose, bytes).toString('hex');
  assert.equal(derive('sha256', KEY_128, 0xaa, 16), '9b197dd1e8c5609d6e67c3e37c62c72e');
  assert.equal(derive('sha256', KEY_128, 0x55, 16), '9fda0e56ab2d85e1569a688696c26a6c');
  assert.equal(derive('sha384', KEY_256, 0xaa, 32), '56ab22bee63d82d7bc5227f6773f8ea7a5eb1c825160c38312980c442e5c7e49');
  assert.equal(derive('sha384', KEY_256, 0x55, 24), '69b16514e3cd8e56b82010d5c73012b622c4d00ffc23ed1f');
});

test('data is encrypted as in RFC 8009 appendix A', () => {
  const plain = octets('000102030405060708090A0B0C0D0E0F1011121314');
  const cases: [number, Buffer, number, string, string][] = [
    [
      ...([19, KEY_128, 0, '7E5895EAF2672435BAD817F545A37148'] as const),
      'EF85FB890BB8472F4DAB20394DCA781DAD877EDA39D50C870C0D5A0A8E48C718',
    ],
    [
      ...([19, KEY_128, 6, '7BCA285E2FD4130FB55B1A5C83BC5B24'] as const),
      '84D7F30754ED987BAB0BF3506BEB09CFB55402CEF7E6877CE99E247E52D16ED4421DFDF8976C',
    ],
    [
      ...([19, KEY_128, 16, '56AB21713FF62C0A1457200F6FA9948F'] as const),
      '3517D640F50DDC8AD3628722B3569D2AE07493FA8263254080EA65C1008E8FC295FB4852E7D83E1E7C48C37EEBE6B0D3',
    ],
    [
      ...([19, KEY_128, 21, 'A7A4E29A4728CE10664FB64E49AD3FAC'] as const),
      '720F73B18D9859CD6CCB4346115CD336C70F58EDC0C4437C5573544C31C813BCE1E6D072C186B39A413C2F92CA9B8334A287FFCBFC',
    ],
    [
      ...([20, KEY_256, 0, 'F764E9FA15C276478B2C7D0C4E5F58E4'] as const),
      '41F53FA5BFE7026D91FAF9BE959195A058707273A96A40F0A01960621AC612748B9BBFBE7EB4CE3C',
    ],
    [
      ...([20, KEY_256, 6, 'B80D3251C1F6471494256FFE712D0B9A'] as const),
      '4ED7B37C2BCAC8F74F23C1CF07E62BC7B75FB3F637B9F559C7F664F69EAB7B6092237526EA0D1F61CB20D69D10F2',
    ],
    [
      ...([20, KEY_256, 16, '53BF8A0D105265D4E276428624CE5E63'] as const),
      'BC47FFEC7998EB91E8115CF8D19DAC4BBBE2E163E87DD37F49BECA92027764F68CF51F14D798C2273F35DF574D1F932E40C4FF255B36A266',
    ],
    [
      ...([20, KEY_256, 21, '763E65367E864F02F55153C7E3B58AF1'] as const),
      '40013E2DF58E8751957D2878BCD2D6FE101CCFD556CB1EAE79DB3C3EE86429F2B2A602AC86FEF6ECB647D6295FAE077A1FEB517508D2C16B4192E01F62',
    ],
  ];
  for (const [number, key, length, confounder, expected] of cases) {
    const type = encryptionType(number);
    const encrypted = type?.encrypt(key, 2, plain.subarray(0, length), octets(confounder));
    assert.equal(encrypted?.toString('hex').toUpperCase(), expected);
    assert.deepEqual(type?.decrypt(key, 2, octets(expected)), plain.subarray(0, length));
  }
});

test('every type reads what it wrote, and nothing that was changed, for something else or under another key', () => {
  for (const number of [17, 18, 19, 20]) {
    const type = encryptionType(number);
    assert.ok(type);
    const key = Buffer.alloc(type.keyBytes, 7);
    for (const length of [0, 1, 15, 16, 17, 200]) {
      const plain = Buffer.alloc(length, 9);
      const encrypted = type.encrypt(key, 11, plain);
      assert.deepEqual(type.decrypt(key, 11, encrypted), plain, `${type.name} ${length}`);
      assert.equal(type.decrypt(key, 2, encrypted), undefined);
      assert.equal(type.decrypt(Buffer.alloc(type.keyBytes, 8), 11, encrypted), undefined);
      assert.equal(type.decrypt(key.subarray(1), 11, encrypted), undefined);
      for (let at = 0; at < encrypted.length; at += 7) {
        const changed = Buffer.from(encrypted);
        changed[at] ^= 1;
        assert.equal(type.decrypt(key, 11, changed), undefined, `${type.name} ${length} ${at}`);
      }
      assert.equal(type.decrypt(key, 11, encrypted.subarray(1)), undefined);
      assert.equal(type.decrypt(key, 11, encrypted.subarray(0, 20)), undefined);
    }
  }
});

test('there is no DES, Triple DES or RC4', () => {
  for (const number of [1, 2, 3, 16, 23, 24, 0, -1]) assert.equal(encryptionType(number), undefined, String(number));
});
