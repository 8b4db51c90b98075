using System.Text.Json.Serialization;
using Talker.Accounts;
using Talker.Mail;

namespace Talker;

/// <summary>How files in the data directory look: as somebody may have to read them.</summary>
[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(Account))]
[JsonSerializable(typeof(List<Letter>))]
internal sealed partial class FilesJson : JsonSerializerContext;
