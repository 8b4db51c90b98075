using System.Security.Cryptography;
using System.Text;

namespace Talker.Accounts;

/// <summary>A password that nobody can read: PBKDF2 with a salt of its own.</summary>
/// <param name="Salt">Random.</param>
/// <param name="Hash">What the password has to come to.</param>
/// <param name="Iterations">How much work that is; stored, so that new accounts can take more.</param>
internal sealed record PasswordHash(byte[] Salt, byte[] Hash, int Iterations)
{
    private const int DefaultIterations = 600_000;
    private const int Size = 32;

    public static PasswordHash Of(string password, int iterations = DefaultIterations)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(16);
        return new PasswordHash(salt, Derive(password, salt, iterations), iterations);
    }

    public bool Matches(string password) => CryptographicOperations.FixedTimeEquals(Hash, Derive(password, Salt, Iterations));

    private static byte[] Derive(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA256, Size);
}
