#include "simulator/net/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

namespace simulator {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

struct Leaf {
  const char* name;      // subjectAltName, as OpenSSL spells it
  long days_from;        // from now
  long days_to;
};

void extend(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (!extension) return;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate make(EVP_PKEY* key, const char* common_name, X509* issuer, EVP_PKEY* issuer_key, const Leaf& leaf, long serial) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), leaf.days_from * 86400);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), leaf.days_to * 86400);
  X509_set_pubkey(certificate.get(), key);
  auto* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), issuer ? X509_get_subject_name(issuer) : name);
  extend(certificate.get(), issuer ? issuer : certificate.get(), NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
  if (!issuer) extend(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  if (leaf.name) extend(certificate.get(), issuer, NID_subject_alt_name, leaf.name);
  if (X509_sign(certificate.get(), issuer_key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

std::string pem_of(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

bool use(boost::asio::ssl::context& context, X509* certificate, EVP_PKEY* key) {
  auto* native = context.native_handle();
  return certificate && SSL_CTX_use_certificate(native, certificate) == 1 && SSL_CTX_use_PrivateKey(native, key) == 1;
}

}  // namespace

base::Result<TlsContexts> make_tls_contexts() {
  using boost::asio::ssl::context;
  const Key key(EVP_EC_gen("P-256")), ca_key(EVP_EC_gen("P-256")), stranger_key(EVP_EC_gen("P-256"));
  if (!key || !ca_key || !stranger_key) return base::problem("no key could be made", "OpenSSL has no P-256 here");
  constexpr auto kHere = "DNS:localhost,IP:127.0.0.1,IP:::1";
  const Leaf root{nullptr, -1, 30}, good{kHere, -1, 30}, old{kHere, -30, -1}, elsewhere{"DNS:other.example", -1, 30};
  const auto ca = make(ca_key.get(), "Brownout simulator CA", nullptr, ca_key.get(), root, 1);
  const auto stranger = make(stranger_key.get(), "An authority nobody knows", nullptr, stranger_key.get(), root, 1);
  if (!ca || !stranger) return base::problem("no certificate could be made");
  TlsContexts contexts{pem_of(ca.get()), context(context::tls_server), context(context::tls_server), context(context::tls_server), context(context::tls_server)};
  const bool made = use(contexts.valid, make(key.get(), "localhost", ca.get(), ca_key.get(), good, 2).get(), key.get()) &&
                    use(contexts.expired, make(key.get(), "localhost", ca.get(), ca_key.get(), old, 3).get(), key.get()) &&
                    use(contexts.wrong_host, make(key.get(), "other.example", ca.get(), ca_key.get(), elsewhere, 4).get(), key.get()) &&
                    use(contexts.unknown_ca, make(key.get(), "localhost", stranger.get(), stranger_key.get(), good, 5).get(), key.get());
  if (!made) return base::problem("a certificate could not be used");
  return contexts;
}

}  // namespace simulator
