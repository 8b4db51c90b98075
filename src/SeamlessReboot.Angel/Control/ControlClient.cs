using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SeamlessReboot.Angel.CommandLine;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel.Control;

/// <summary>Asks an angel: one line there, one line back, on a connection of its own.</summary>
internal static class ControlClient
{
    /// <summary>More than any answer has, so that an impostor cannot fill the memory.</summary>
    private const int LongestAnswer = 1024 * 1024;

    /// <summary>Asks for something to be done; the answer comes when it is.</summary>
    /// <exception cref="AngelException">There is no answer, or not in time.</exception>
    internal static async Task<ControlAnswer> AskAsync(string socket, string request, TimeSpan timeout) =>
        Read(await ExchangeAsync(socket, request, timeout).ConfigureAwait(false), ControlJson.Default.ControlAnswer);

    /// <exception cref="AngelException">There is no answer, or not in time.</exception>
    internal static AngelStatus ReadStatus(string answer) => Read(answer, ControlJson.Default.AngelStatus);

    /// <returns>The line that came back, as it came.</returns>
    /// <exception cref="AngelException">There is no answer, or not in time.</exception>
    internal static async Task<string> ExchangeAsync(string socket, string request, TimeSpan timeout)
    {
        using CancellationTokenSource overdue = new(timeout);
        try
        {
            using Socket connection = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            using Node? file = Node.Find(socket);
            if (file is { IsSocket: false })
                throw new AngelException(ExitCodes.NotRunning, $"no angel answers at '{socket}': that is {file.Word}. Remove it.");
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(file?.Link ?? socket), overdue.Token).ConfigureAwait(false);
            using NetworkStream stream = new(connection);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(request + "\n"), overdue.Token).ConfigureAwait(false);
            return await ReadLineAsync(stream, overdue.Token).ConfigureAwait(false)
                ?? throw new AngelException(ExitCodes.Refused, $"the angel ended the connection without an answer to '{request}'. Its log says why.");
        }
        catch (OperationCanceledException e)
        {
            throw new AngelException(ExitCodes.NoAnswer,
                $"the angel has not answered '{request}' within {Durations.Format(timeout)}. It may still be at it: ask for its status, or wait longer with --timeout.", e);
        }
        catch (SocketException e)
        {
            throw new AngelException(ExitCodes.NotRunning, e.SocketErrorCode == SocketError.AccessDenied
                ? $"this user may not send requests to the angel at '{socket}'. Ask as the angel's user, or as root."
                // .NET's word for ENOENT is a wrong address.
                : $"no angel answers at '{socket}': {(e.SocketErrorCode == SocketError.AddressNotAvailable ? "there is no such socket" : e.Message)}.", e);
        }
        catch (IOException e)
        {
            throw new AngelException(ExitCodes.Refused, $"the angel closed the connection before it answered '{request}': {e.Message}", e);
        }
    }

    private static async Task<string?> ReadLineAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        MemoryStream line = new();
        byte[] buffer = new byte[4096];
        while (line.Length <= LongestAnswer)
        {
            int read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            int end = Array.IndexOf(buffer, (byte)'\n', 0, read);
            line.Write(buffer, 0, end < 0 ? read : end);
            if (end >= 0 || read == 0)
                return line.Length == 0 ? null : Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length);
        }

        return null;
    }

    private static T Read<T>(string answer, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(answer, type) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new AngelException(ExitCodes.Refused, $"the angel's answer cannot be read ({e.Message}). It may be of another version than this command.", e);
        }
    }
}
