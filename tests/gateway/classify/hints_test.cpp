// The sentences people see are a contract: byte for byte, and each reason shows its own.
#include <gtest/gtest.h>

#include "gateway/classify/classify.h"

namespace gateway {
namespace {

using namespace std::chrono_literals;

TEST(Hints, TextsAreByteExact) {
  EXPECT_EQ(hint_text(HintId::auth), "Check your API key or sign in again to refresh its credentials.");
  EXPECT_EQ(hint_text(HintId::billing), "Your API balance or quota is exhausted. Check your provider dashboard.");
  EXPECT_EQ(hint_text(HintId::rate_limit), "You are being rate-limited. Please wait a moment and try again.");
  EXPECT_EQ(hint_text(HintId::overloaded), "The API is temporarily overloaded. Please try again shortly.");
  EXPECT_EQ(hint_text(HintId::rejected), "The request was rejected by the API.");
  EXPECT_EQ(hint_text(HintId::context_overflow),
            "The conversation is too large for the model's context window. Start a new session or shorten it.");
  EXPECT_EQ(hint_text(HintId::server_error), "The provider had an internal error. Please try again shortly.");
  EXPECT_EQ(hint_text(HintId::forbidden), "The provider refused this key or region. Check the key's permissions.");
  EXPECT_EQ(hint_text(HintId::model_not_found),
            "The model is not available at this provider. Check the model name and your plan.");
  EXPECT_EQ(hint_text(HintId::timeout), "The provider did not answer in time. Please try again shortly.");
  EXPECT_EQ(hint_text(HintId::payload_too_large), "The request is too large for the provider. Shorten it or remove attachments.");
  EXPECT_EQ(hint_text(HintId::content_policy), "The provider's safety system declined this request. Rephrase it.");
  EXPECT_EQ(hint_text(HintId::unreachable), "The provider cannot be reached. Check its address and your network.");
  EXPECT_EQ(hint_text(HintId::certificate),
            "The provider's certificate could not be verified. Check its address and the system's certificates.");
  EXPECT_EQ(hint_text(HintId::stream_cut), "The answer was cut off by the provider. Please try again.");
  EXPECT_EQ(hint_text(HintId::draining), "The gateway is restarting. Please retry in a moment.");
  EXPECT_EQ(hint_text(HintId::none), "");
}

TEST(Hints, AKnownResetIsRoundedUpToHoursOrMinutes) {
  const auto text = [](base::Duration reset) { return hint_text(HintId::usage_limit_reset, reset); };
  const std::string start = "Your plan's usage limit has been reached. It resets in ~";
  EXPECT_EQ(text(5h), start + "5h.");
  EXPECT_EQ(text(1h), start + "1h.");
  EXPECT_EQ(text(1h + 1ns), start + "2h.");
  EXPECT_EQ(text(1h - 1ns), start + "60 min.");
  EXPECT_EQ(text(13872s), start + "4h.");
  EXPECT_EQ(text(5min), start + "5 min.");
  EXPECT_EQ(text(1s), start + "1 min.");
}

TEST(Hints, AnUnknownOrAbsurdResetPromisesNothing) {
  const auto limited = hint_text(HintId::rate_limit);
  EXPECT_EQ(hint_text(HintId::usage_limit_reset), limited);
  EXPECT_EQ(hint_text(HintId::usage_limit_reset, 0s), limited);
  EXPECT_EQ(hint_text(HintId::usage_limit_reset, base::kForever), limited);
}

TEST(Hints, EveryReasonButSuccessHasOne) {
  for (std::size_t i = 1; i < kReasonNames.words.size(); ++i) {
    EXPECT_NE(hint_text(hint_of(static_cast<Reason>(i))), "") << kReasonNames.words[i];
  }
  EXPECT_EQ(hint_of(Reason::none), HintId::none);
}

HintId hint_for(int status, std::string body) {
  Failure failure;
  failure.status = status;
  failure.body = std::move(body);
  return classify(failure).hint;
}

TEST(Hints, TheHintFollowsTheReasonAndNotTheStatus) {
  EXPECT_EQ(hint_for(402, "Payment Required"), HintId::billing);
  EXPECT_EQ(hint_for(429, R"({"error":{"code":"insufficient_quota","message":"You exceeded your current quota."}})"), HintId::billing);
  EXPECT_EQ(hint_for(402, R"({"error":{"message":"Usage limit reached, try again in 5 hours"}})"), HintId::usage_limit_reset);
  EXPECT_EQ(hint_for(400, R"({"error":{"message":"Your credit balance is too low"}})"), HintId::billing);
  EXPECT_EQ(hint_for(401, ""), HintId::auth);
  EXPECT_EQ(hint_for(403, ""), HintId::forbidden);
  EXPECT_EQ(hint_for(429, ""), HintId::rate_limit);
  EXPECT_EQ(hint_for(529, ""), HintId::overloaded);
  EXPECT_EQ(hint_for(503, ""), HintId::overloaded);
  EXPECT_EQ(hint_for(400, ""), HintId::rejected);
  for (const int status : {500, 502, 504}) EXPECT_EQ(hint_for(status, ""), HintId::server_error) << status;
}

TEST(Hints, ATransportErrorSaysWhatCannotBeReached) {
  const auto hint = [](TransportError error) {
    Failure failure;
    failure.transport = error;
    return classify(failure).hint;
  };
  EXPECT_EQ(hint(TransportError::refused), HintId::unreachable);
  EXPECT_EQ(hint(TransportError::dns), HintId::unreachable);
  EXPECT_EQ(hint(TransportError::tls_certificate), HintId::certificate);
  EXPECT_EQ(hint(TransportError::first_byte_timeout), HintId::timeout);
}

}  // namespace
}  // namespace gateway
