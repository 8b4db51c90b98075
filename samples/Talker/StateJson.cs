using System.Text.Json.Serialization;
using Talker.Players;

namespace Talker;

/// <summary>State over a reboot. Generated at build time, so that a restart does not have to reflect over it.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(PlayerState))]
[JsonSerializable(typeof(HouseState))]
internal sealed partial class StateJson : JsonSerializerContext;
