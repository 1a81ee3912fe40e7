"""The parts that make the sample, and from them the list of its feeds."""

from __future__ import annotations

from orchestration.sample.channel.counters import Counters
from orchestration.sample.channel.dealer_business import DealerBusiness
from orchestration.sample.channel.lists import ChannelLists
from orchestration.sample.channel.opening_feeds import OpeningFeeds
from orchestration.sample.contact.campaign_feeds import CampaignLists
from orchestration.sample.contact.campaigns import CampaignPlans
from orchestration.sample.contact.customer_contacts import CustomerContacts
from orchestration.sample.contact.customer_voice import CustomerVoice
from orchestration.sample.contact.forwarding import CallForwarding
from orchestration.sample.contact.mediation import Mediation
from orchestration.sample.contact.points import Points
from orchestration.sample.contact.vip_profiles import VipProfiles
from orchestration.sample.contact.warnings import WarningFeedback
from orchestration.sample.groups.accounts import Accounts
from orchestration.sample.groups.billing import GroupBilling
from orchestration.sample.groups.master import GroupMaster
from orchestration.sample.groups.members import GroupMembers
from orchestration.sample.groups.people import GroupPeople
from orchestration.sample.market.competition import Competition
from orchestration.sample.operator import OperatorPart, SubscriberPart
from orchestration.sample.organisation import Organisation
from orchestration.sample.subscribers import Subscribers
from orchestration.sample.work.work import Work

#: order matters to nobody but the list of feeds and that of what was planted
OPERATOR_PARTS: tuple[type[OperatorPart], ...] = (
    Organisation,
    CampaignPlans,
    GroupMaster,
    ChannelLists,
    DealerBusiness,
    Work,
    Competition,
    Counters,
)
SUBSCRIBER_PARTS: tuple[type[SubscriberPart], ...] = (
    Subscribers,
    CampaignLists,
    Mediation,
    CustomerContacts,
    WarningFeedback,
    CallForwarding,
    Points,
    GroupMembers,
    Accounts,
    OpeningFeeds,
    GroupPeople,
    CustomerVoice,
    GroupBilling,
    VipProfiles,
)
SUBSCRIBER_FEEDS: tuple[str, ...] = tuple(f for part in SUBSCRIBER_PARTS for f in part.feeds)
FEEDS: tuple[str, ...] = (*(f for part in OPERATOR_PARTS for f in part.feeds), *SUBSCRIBER_FEEDS)
#: feeds that come whole, not by month; their parts yield them in the last month
FULL_FEEDS: frozenset[str] = Work.full_feeds
