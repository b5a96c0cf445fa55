package client

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

// Encrypted private keys: EncryptedPrivateKeyInfo of RFC 5958 with PBES2 of RFC 8018, as openssl writes them.

type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2 struct {
	KDF    pkix.AlgorithmIdentifier
	Cipher pkix.AlgorithmIdentifier
}

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

const (
	oidPBES2  = "1.2.840.113549.1.5.13"
	oidPBKDF2 = "1.2.840.113549.1.5.12"
	oidSHA1   = "1.2.840.113549.2.7"
)

var prfs = map[string]func() hash.Hash{
	oidSHA1:               sha1.New,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
}

// aesKeys are the lengths of the keys of AES in CBC mode, in bytes.
var aesKeys = map[string]int{
	"2.16.840.1.101.3.4.1.2":  16,
	"2.16.840.1.101.3.4.1.22": 24,
	"2.16.840.1.101.3.4.1.42": 32,
}

// maxIterations bounds the work that a key file can ask for: a few seconds.
const maxIterations = 20_000_000

var errPassword = errors.New("the key cannot be decrypted; is the password right?")

// decryptPKCS8 gives the PrivateKeyInfo that is in an encrypted one.
func decryptPKCS8(der, password []byte) ([]byte, error) {
	var key encryptedKey
	if rest, err := asn1.Unmarshal(der, &key); err != nil || len(rest) > 0 {
		return nil, errors.New("the encrypted key is malformed")
	}
	var scheme pbes2
	if oid := key.Algorithm.Algorithm.String(); oid != oidPBES2 {
		return nil, fmt.Errorf("the key is encrypted by %s; only PBES2 can be read: convert it by openssl pkcs8 -topk8 -v2 aes-256-cbc", oid)
	}
	if _, err := asn1.Unmarshal(key.Algorithm.Parameters.FullBytes, &scheme); err != nil {
		return nil, errors.New("the encrypted key is malformed")
	}
	length, known := aesKeys[scheme.Cipher.Algorithm.String()]
	if kdf := scheme.KDF.Algorithm.String(); kdf != oidPBKDF2 || !known {
		return nil, fmt.Errorf("the key is encrypted by %s and %s; only PBKDF2 and AES in CBC mode can be read: convert it by openssl pkcs8 -topk8 -v2 aes-256-cbc",
			kdf, scheme.Cipher.Algorithm)
	}
	params := pbkdf2Params{PRF: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}}}
	var iv []byte
	_, err1 := asn1.Unmarshal(scheme.KDF.Parameters.FullBytes, &params)
	_, err2 := asn1.Unmarshal(scheme.Cipher.Parameters.FullBytes, &iv)
	if err1 != nil || err2 != nil || len(iv) != aes.BlockSize || params.Iterations < 1 || params.Iterations > maxIterations {
		return nil, errors.New("the encrypted key is malformed")
	}
	prf := prfs[params.PRF.Algorithm.String()]
	if prf == nil {
		return nil, fmt.Errorf("the key's password is derived by %s, which is not known", params.PRF.Algorithm)
	}
	k, err := pbkdf2.Key(prf, string(password), params.Salt, params.Iterations, length)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	n := len(key.Data)
	if n == 0 || n%aes.BlockSize != 0 {
		return nil, errors.New("the encrypted key is malformed")
	}
	plain := make([]byte, n)
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, key.Data)
	padding := int(plain[n-1])
	if padding == 0 || padding > aes.BlockSize {
		return nil, errPassword
	}
	for _, b := range plain[n-padding:] {
		if int(b) != padding {
			return nil, errPassword
		}
	}
	return plain[:n-padding], nil
}
